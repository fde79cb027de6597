"""Whoever leaves a topic hears of the others, and comes back with a word; no consent moves."""

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as replaced

from channels.console import ConsoleChannel
from channels.model import Prepared
from rules.loader import load_bundle
from stamgast.domain.activation import Submission
from stamgast.domain.events import AnyEvent, ConsentChanged, Erased, OptedOut, OwnEvent, Replied
from stamgast.domain.units import HOUR, MINUTE
from stamgast.identity.records import Profile
from stamgast.service import Bundle
from streams.outbox.addressing import Addressed, address
from tests.builders import ANNA, MERCHANT, T0, consent
from tests.fakes.in_memory import Owner
from tests.message_scenes import outcome
from tests.unit.rules import small_shop

TELLS = "rule: example\nstatus: live\nwhen: {event: workshop}\nonce_per: event\nthen: [{send: hello, by: [sms]}]\n"
OTHER = "rule: other\nstatus: live\nwhen: replied\nonce_per: day\nthen: [{send: other, by: [sms]}]\n"
PROGRAM = small_shop.PROGRAM.replace("  hello: {}\n", "  hello: {}\n  other: {}\n")


def owner(*rules: str) -> Owner:
    files = small_shop.files_of(TELLS, PROGRAM, **{"templates/nl/other.j2": small_shop.HELLO})
    loaded = load_bundle(files | {f"rules/{rule.split()[1]}.yaml": rule for rule in rules})
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    messaging = replace(loaded.program.messaging, caps={})
    return Owner(Bundle(0, "", replace(loaded.program, merchant=MERCHANT, messaging=messaging), loaded.rules))


def visited(number: int, at: int) -> OwnEvent:
    return OwnEvent(merchant=MERCHANT, customer=ANNA, at=at, id=f"e{number}", name="workshop", happened_at=at)


def said(number: int, at: int, *, back: bool = False, channel: str = "sms") -> list[AnyEvent]:
    """STOP NIEUWS, or START NIEUWS, as the door tells it."""
    about: dict[str, Any] = {"merchant": MERCHANT, "customer": ANNA, "at": at, "channel": channel}
    word = "return" if back else "leave"
    return [
        ConsentChanged(**about, purpose="", granted=back, topic="news"),
        Replied(**about, id=f"m{number}", keyword=word, answers=True, topics=("news",)),
    ]


def templates(of: Owner) -> list[str]:
    return [each.template for change in of.changes for each in change.submissions]


def reasons(of: Owner) -> list[str]:
    return [note.reason for change in of.changes for note in change.notes if note.reason]


def text_of(of: Owner, submission: Submission, language: str = "nl") -> str:
    spoken = replaced(submission, language=language)
    addressed = address(spoken, of.bundle.program, Profile(phone="+31612345678"), "hash")
    assert isinstance(addressed, Addressed), addressed
    prepared = ConsoleChannel().prepare(addressed.message, submission.decided_at)
    assert isinstance(prepared, Prepared), prepared
    return prepared.body


def test_nothing_of_a_topic_goes_to_whoever_left_it_and_the_rest_does():
    of = owner(OTHER)
    of.apply(consent(), *said(1, T0), visited(1, T0 + MINUTE))
    assert templates(of) == ["answer/leave"]
    assert reasons(of)[-1] == "topic_left"
    assert of.state().consents
    of.apply(outcome(of.changes[0].submissions[0].activation, T0 + 2 * MINUTE, "accepted"))
    of.apply(Replied(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR, id="m9", channel="sms"))
    assert templates(of)[-1] == "other"


def test_leaving_and_coming_back_are_confirmed_in_four_languages_once():
    of = owner()
    of.apply(consent(), *said(1, T0), *said(1, T0 + 1))
    [left] = of.changes[0].submissions
    assert text_of(of, left) == (
        "The Shop: je krijgt geen berichten meer over nieuws. START nieuws voor weer wel, "
        "STOP voor helemaal geen berichten."
    )
    for language in ("fr", "de", "en"):
        assert "START nieuws" in text_of(of, left, language)
        assert len(text_of(of, left, language)) <= 160
    of.apply(outcome(left.activation, T0 + 2, "accepted"), *said(2, T0 + MINUTE, back=True))
    back = of.changes[-1].submissions[-1]
    assert text_of(of, back) == "The Shop: je krijgt weer berichten over nieuws. STOP nieuws voor niet meer."
    of.apply(outcome(back.activation, T0 + 2 * MINUTE, "accepted"), visited(1, T0 + HOUR))
    assert templates(of) == ["answer/leave", "answer/return", "hello"]


def test_coming_back_gives_no_consent_and_says_so():
    of = owner()
    of.apply(*said(1, T0, back=True))
    assert of.state().consents == {}
    assert "nog niet gezegd" in text_of(of, of.changes[-1].submissions[0])


def test_what_waits_of_a_topic_that_is_left_does_not_go():
    of = owner()
    night = T0 - T0 % (24 * HOUR) + 23 * HOUR
    of.apply(consent(when=T0), visited(1, night))
    assert [each.state for each in of.state().activations] == ["held"]
    of.apply(*said(1, night + MINUTE))
    assert [(each.state, each.reason) for each in of.state().activations if each.template == "hello"] == [
        ("ended", "topic_left")
    ]


def test_it_sets_off_no_rule_and_a_stop_of_all_stands_above_it():
    of = owner(OTHER)
    of.apply(consent(), OptedOut(merchant=MERCHANT, customer=ANNA, at=T0), *said(1, T0 + 1, back=True))
    assert templates(of) == []
    assert reasons(of) == []
    assert of.state().stopped_at


def test_a_topic_that_the_shop_has_no_more_is_forgotten_and_so_is_one_of_whoever_is_forgotten():
    of = owner()
    gone = ConsentChanged(
        merchant=MERCHANT, customer=ANNA, at=T0, purpose="", channel="sms", granted=False, topic="bygone"
    )
    of.apply(gone, *said(1, T0))
    assert list(of.state().left) == ["news"]
    of.apply(Erased(merchant=MERCHANT, customer=ANNA, at=T0 + 1))
    assert of.state().left == {}
