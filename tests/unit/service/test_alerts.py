"""What staff are told about the shop itself: each once, in the hours of whoever hears it, and not when it is old."""

import pytest

from stamgast.domain.activation import RANKS, UNSENT_RANK, Submission
from stamgast.domain.alert_words import alert_variables, languages_of, own_template, own_template_named
from stamgast.domain.alerts import (
    MONTHLY,
    REFUSED,
    STAFF_ROOM,
    STALE,
    STORE_STALE,
    Alert,
    AlertKind,
    Broken,
    Fails,
    Stopped,
)
from stamgast.domain.budgets import WhenSpent
from stamgast.domain.customer import Customer
from stamgast.domain.errors import DomainError
from stamgast.domain.events import ActivationOutcome, AnyEvent, Reviewed, StaffAlerted, TimerDue
from stamgast.domain.program import Staff, Window
from stamgast.domain.sms_parts import count_parts
from stamgast.domain.templates import Template
from stamgast.domain.told import as_line
from stamgast.domain.trip_wires import Watched
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.domain.vocabulary import Reason, Status
from stamgast.service import Bundle, Change
from stamgast.service.alerts import MARKS, SUBJECTS
from stamgast.service.notices import LIFE, MOST
from tests.builders import ANNA, MERCHANT, T0, bundle, program, rule
from tests.fakes.in_memory import Owner

EVA = Staff("eva", "sealed.x", "nl", Window(9 * 60, 17 * 60))
BEN = Staff("ben", "sealed.y", "en", Window(0, 24 * 60))
NOON = T0 + 2 * HOUR
EVENING = T0 + 12 * HOUR
NEXT_MORNING = T0 + 23 * HOUR
TO_EVA = Alert(("eva",))


def shop(**alerts: Alert) -> Bundle:
    told = {AlertKind(kind): alert for kind, alert in (alerts or {"rule_paused": TO_EVA}).items()}
    of = program()
    texts = {"mine": Template("mine", purpose="utility", sms={"nl": "{{ alert.about }}"})}
    staff = {"eva": EVA, "ben": BEN}
    return bundle(program(templates={**of.templates, **texts}, staff=staff, alerts=told), rule("tells", "purchase"))


def paused(when: Millis, *, what: str = "birthday", mark: str = "1", since: Millis | None = None) -> StaffAlerted:
    return StaffAlerted(
        merchant=MERCHANT, customer=STAFF_ROOM, at=when, kind=AlertKind.RULE_PAUSED, what=what, how=Watched.OPTED_OUT,
        mark=mark, since=when if since is None else since, found=4, of=100,
    )  # fmt: skip


def room(of: Owner) -> Customer:
    return of.state(STAFF_ROOM)


def due(of: Owner, when: Millis) -> Change:
    return of.apply(TimerDue(merchant=MERCHANT, customer=STAFF_ROOM, at=when, due=when))


def ended(status: str, which: Submission, when: Millis, reason: str = "") -> AnyEvent:
    return ActivationOutcome(
        merchant=MERCHANT, customer=STAFF_ROOM, at=when, activation=which.activation, status=status, channel="sms",
        reason=reason, rank=RANKS.get(status, UNSENT_RANK),
    )  # fmt: skip


def test_it_is_told_at_once_to_whoever_is_to_hear_it_and_a_line_stands_in_the_feed():
    change = Owner(shop(rule_paused=Alert(("eva", "ben")))).apply(paused(NOON))
    assert [(each.staff, each.language, each.template, each.channel) for each in change.submissions] == [
        ("eva", "nl", "staff/rule_paused", "sms"), ("ben", "en", "staff/rule_paused", "sms"),
    ]  # fmt: skip
    lines = [as_line(line) for line in change.told]
    assert [(line.kind, line.became, line.customer, line.staff, line.occasion) for line in lines] == [
        ("notice", "sent", STAFF_ROOM, name, "rule_paused:opted_out:birthday:1") for name in ("eva", "ben")
    ]


def test_what_is_said_twice_is_told_once_and_what_happens_again_is_told_again():
    of = Owner(shop())
    assert len(of.apply(paused(NOON)).submissions) == 1
    assert of.apply(paused(NOON + 1)).submissions == []
    first = room(of).notices[0]
    of.apply(ended(Status.DELIVERED, of.changes[0].submissions[0], NOON + 2))
    assert room(of).notices == []
    assert of.apply(paused(NOON + 3)).submissions == [], "it is remembered beyond its message"
    assert [each.activation != first.id for each in of.apply(paused(NOON + 4, mark="2")).submissions] == [True]


def test_who_is_told_of_the_shop_is_no_customer():
    of = Owner(shop())
    change = of.apply(paused(NOON))
    assert not any(name.startswith(("customers", "stage", "joined")) for name in change.counters)
    assert [note.staff for note in change.notes] == ["eva"]
    with pytest.raises(DomainError, match="Reviewed is not an event of the staff room"):
        of.apply(Reviewed(merchant=MERCHANT, customer=STAFF_ROOM, at=NOON + 1))
    stray = paused(NOON)
    with pytest.raises(DomainError, match="StaffAlerted is not an event of a customer"):
        of.apply(StaffAlerted(**{name: getattr(stray, name) for name in stray.__struct_fields__} | {"customer": ANNA}))


def test_it_waits_for_the_hours_of_whoever_hears_it():
    of = Owner(shop())
    assert of.apply(paused(EVENING)).submissions == []
    assert list(room(of).timers.values()) == [NEXT_MORNING]
    (submission,) = due(of, NEXT_MORNING).submissions
    assert submission.expires_at == NEXT_MORNING + 8 * HOUR


def test_what_is_beyond_an_hour_waits_for_the_next_and_goes_again():
    of = Owner(shop())
    (submission,) = of.apply(paused(NOON)).submissions
    of.apply(ended(Status.SUPPRESSED, submission, NOON + MINUTE, Reason.STAFF_LIMIT))
    (again,) = due(of, NOON + HOUR).submissions
    assert again.activation == submission.activation
    of.apply(ended(Status.SUPPRESSED, submission, NOON + HOUR + 1, Reason.FOLDED))
    assert (room(of).notices, room(of).timers) == ([], {})


def test_old_news_is_remembered_and_not_told():
    of = Owner(shop())
    assert of.apply(paused(NOON + LIFE, since=NOON)).submissions == []
    assert of.apply(paused(NOON + LIFE + 1, since=NOON + LIFE)).submissions == [], "it was heard"
    (submission,) = of.apply(paused(NOON + 5 * DAY, mark="2", since=NOON + 5 * DAY - HOUR)).submissions
    assert submission.activation


def test_nobody_hears_what_is_switched_off_and_what_waited_ends_with_it():
    of = Owner(shop(budget_spent=TO_EVA))
    assert of.apply(paused(NOON)).notes == []
    of.bundle = shop(rule_paused=Alert(("eva",), only=frozenset({"other"})))
    assert of.apply(paused(NOON + 1)).notes == []
    of.bundle = shop()
    assert len(of.apply(paused(NOON + 2)).submissions) == 1, "nobody was to hear it before"
    of = Owner(shop())
    of.apply(paused(EVENING))
    of.bundle = shop(rule_paused=Alert(("ben",)))
    change = due(of, NEXT_MORNING)
    assert ([note.reason for note in change.notes], change.submissions) == ([Reason.NO_ADDRESS], [])


def test_the_shop_may_have_words_of_its_own():
    (submission,) = Owner(shop(rule_paused=Alert(("eva",), "mine"))).apply(paused(NOON)).submissions
    assert submission.template == "mine"


def test_what_waits_is_said_in_the_words_that_are_in_force_when_it_goes():
    of = Owner(shop(rule_paused=Alert(("eva",), "mine")))
    of.apply(paused(EVENING))
    of.bundle = shop()
    assert [each.template for each in due(of, NEXT_MORNING).submissions] == ["staff/rule_paused"]


def test_what_waits_and_what_is_remembered_is_bounded():
    of = Owner(shop())
    for number in range(MOST + 5):
        of.apply(paused(EVENING, mark=str(number)))
    assert len(room(of).notices) == MOST
    assert list(room(of).fired.values()) == [[str(number) for number in range(MOST + 5 - MARKS, MOST + 5)]]
    of = Owner(shop())
    of.apply(*(paused(NOON + LIFE, since=NOON, what=f"rule-{number}") for number in range(SUBJECTS + 10)))
    assert len(room(of).fired) == SUBJECTS
    assert "rule_paused:opted_out:rule-9" not in room(of).fired


SAID = [
    (AlertKind.RULE_PAUSED, Watched.OPTED_OUT, "win-back", (4, 100)),
    (AlertKind.RULE_PAUSED, Watched.FAILED, "win-back", (26, 100)),
    (AlertKind.RULE_PAUSED, Watched.DAY, "win-back", (31, 30)),
    (AlertKind.RULE_PAUSED, Watched.COST, "win-back", (5_001, 5_000)),
    (AlertKind.RULE_PAUSED, Broken.RAISED, "win-back", (0, 0)),
    (AlertKind.RULE_PAUSED, Broken.COSTLY, "win-back", (0, 0)),
    (AlertKind.BUDGET_SPENT, WhenSpent.STOP, "rule:win-back/month", (4_995, 5_000)),
    (AlertKind.BUDGET_SPENT, WhenSpent.SHRINK, "campaign:spring/total", (4_995, 5_000)),
    (AlertKind.BUDGET_SPENT, WhenSpent.WARN, "shop/year", (5_005, 5_000)),
    (AlertKind.SEGMENT_FELL, "tag", "regular", (271, 320)),
    (AlertKind.SEGMENT_FELL, "source", "flyer", (271, 320)),
    (AlertKind.FEED_STALE, STALE, "feed", (T0, 0)),
    (AlertKind.FEED_STALE, STORE_STALE, "dok-noord", (T0, 0)),
    *((AlertKind.CONNECTION_FAILS, how, "lightspeed_x", (T0, 0)) for how in Fails),
    *((AlertKind.FEED_DOWN, how, "boekhouding", (T0, 0)) for how in Stopped),
    (AlertKind.SENDER_REFUSED, REFUSED, "whatsapp", (T0, 63_007)),
    (AlertKind.MONTH_REPORT, MONTHLY, "2026-09", (0, 0)),
]


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en", "pl"])
@pytest.mark.parametrize(("kind", "how", "what", "figures"), SAID)
def test_our_own_words_are_cheap_letters_in_every_language(
    kind: AlertKind, how: str, what: str, figures: tuple[int, int], language: str
):
    data = {"alert": kind, "about": what, "how": how, "mark": "2026-11/5000", "found": figures[0], "of": figures[1]}
    words = alert_variables(program(), data, language)
    template = own_template_named(own_template(kind).id)
    assert template is not None
    said = template.sms[next(each for each in languages_of(program(), language) if each in template.sms)]
    text = said.replace("{{ merchant.name }}", "De Bakker")
    for name, word in words.items():
        text = text.replace(f"{{{{ alert.{name} }}}}", word)
    assert "{" not in text
    assert (count_parts(text).encoding, count_parts(text).count) == ("gsm7", 1), text


def test_of_a_refused_sender_it_is_told_which_channel_since_when_and_the_carriers_error():
    data = {"alert": "sender_refused", "about": "sms", "how": REFUSED, "mark": "2026-10-01", "found": T0, "of": 20_003}
    words = alert_variables(program(), data, "en")
    assert words["about"] == "SMS"
    assert words["why"].startswith("The carrier refused our sender 2026-10-01 10:00 (error 20003)")


def test_a_budget_is_called_as_people_call_it():
    def about(what: str, mark: str, language: str = "nl") -> str:
        data = {"alert": "budget_spent", "about": what, "how": "stop", "mark": mark, "found": 1, "of": 2}
        return alert_variables(program(), data, language)["about"]

    assert about("rule:win-back/month", "2026-11/5000") == "win-back (2026-11)"
    assert about("campaign:spring/total", "total/5000") == "spring"
    assert about("shop/year", "2026/5000") == "de hele winkel (2026)"
