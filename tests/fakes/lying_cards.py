"""A shop whose stamps run out, and its time: timers fire as a worker would let them."""

from collections.abc import Sequence
from typing import Final

from rules.loader import load_bundle
from stamgast.domain.activation import RANKS, Submission
from stamgast.domain.customer import Card
from stamgast.domain.events import ActivationOutcome, TimerDue
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Status
from stamgast.service import Bundle
from tests.builders import ANNA, MERCHANT
from tests.fakes.in_memory import Owner

PROGRAM: Final = f"""
merchant: {MERCHANT}
name: Bakery
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {{{{shop: {{{{}}}}}}}}
cards: {{{{bread: {{{{stamps: 5, reward: loaf, {{expires}}}}}}}}}}
rewards: {{{{loaf: {{{{names: {{{{nl: Brood}}}}, cost: 1 EUR, value: 3 EUR}}}}}}}}
templates: {{{{warning: {{{{}}}}}}}}
messaging: {{{{sms_sender: "+31201234568", caps: {{{{marketing: [100 per day]}}}}}}}}
"""
EXPIRES: Final = "expires: {after: 12 months, warned: 30 days}"
RULE: Final = "rule: warn\nstatus: {status}\nwhen: {when}\n{more}then: [{{send: warning}}]\n"
WORDS: Final = "Je {{ card.stamps }} stempels vervallen op {{ card.expires_on }}. Stop? Antwoord STOP"


def shop(
    *,
    when: str = "{stamps_expiring: bread}",
    more: str = "",
    expires: str = EXPIRES,
    number: int = 1,
    status: str = "live",
    words: str = WORDS,
) -> Bundle:
    """In force; without a rule if `when` is empty."""
    files = {"program.yaml": PROGRAM.format(expires=expires), "templates/nl/warning.j2": words}
    if when:
        files["rules/warn.yaml"] = RULE.format(when=when, more=more, status=status)
    loaded = load_bundle(files)
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    return Bundle(number, f"hash{number}", loaded.program, loaded.rules)


def pass_until(owner: Owner, until: Millis, customer: str = ANNA) -> list[Submission]:
    """Fire what is due up to a moment; the messages that go."""
    sent: list[Submission] = []
    while (timers := owner.state(customer).timers) and (due := min(timers.values())) <= until:
        at = max(due, owner.state(customer).recorded_at)
        sent += owner.apply(TimerDue(merchant=MERCHANT, customer=customer, at=at, due=due)).submissions
    return sent


def became(
    owner: Owner, sent: Sequence[Submission], when: Millis, status: Status = Status.DELIVERED, customer: str = ANNA
) -> None:
    """What the carrier says of messages."""
    for each in sent:
        owner.apply(
            ActivationOutcome(
                merchant=MERCHANT, customer=customer, at=when, activation=each.activation, status=status,
                rank=RANKS[status], channel=each.channel,
            )
        )  # fmt: skip


def bread(owner: Owner) -> Card:
    """The card."""
    return owner.state().cards["bread"]
