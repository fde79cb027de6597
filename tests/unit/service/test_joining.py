"""Whoever joins by a code is answered once: with the shop's welcome, or the house's, unless a rule says something."""

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as replaced

from channels.console import ConsoleChannel
from channels.model import Prepared
from rules.loader import load_bundle
from stamgast.domain.activation import Submission
from stamgast.domain.events import AnyEvent, Enrolled, Replied
from stamgast.domain.units import DAY, HOUR
from stamgast.identity.records import Profile
from stamgast.service import Bundle
from streams.outbox.addressing import Addressed, address
from tests.builders import ANNA, MERCHANT, T0, consent
from tests.fakes.in_memory import Owner
from tests.unit.rules import small_shop

QUIET = "rule: example\nstatus: live\nwhen: {event: workshop}\nthen: [{tag: in}]\n"
HEARS = "rule: example\nstatus: live\nwhen: replied\nthen: [{tag: wrote}]\n"
WELCOMES = "rule: example\nstatus: live\nwhen: joined\nthen: [{send: hello, by: [sms]}]\n"


def owner(rule: str = QUIET) -> Owner:
    loaded = load_bundle(small_shop.files_of(rule))
    return Owner(Bundle(0, "", replace(loaded.program, merchant=MERCHANT), loaded.rules))


def joins(code: str = "plain", at: int = T0, number: int = 1, channel: str = "whatsapp") -> list[AnyEvent]:
    about: dict[str, Any] = {"merchant": MERCHANT, "customer": ANNA, "at": at}
    wrote = Replied(**about, id=f"m{number}", channel=channel, keyword="join", code=code, answers=True)
    return [replaced(consent(), at=at), Enrolled(**about, language="nl"), wrote]


def sent(of: Owner) -> list[Submission]:
    return [submission for change in of.changes for submission in change.submissions]


def said(of: Owner, submission: Submission, language: str = "nl") -> str:
    spoken = replaced(submission, language=language)
    addressed = address(spoken, of.bundle.program, Profile(phone="+31612345678"), "hash")
    assert isinstance(addressed, Addressed), addressed
    prepared = ConsoleChannel().prepare(addressed.message, submission.decided_at)
    assert isinstance(prepared, Prepared), prepared
    return prepared.body


def test_the_house_welcomes_in_four_languages():
    of = owner()
    of.apply(*joins())
    [submission] = sent(of)
    assert "je bent erbij! Stuur KAART" in said(of, submission)
    for language, word in {"fr": "CARTE", "de": "KARTE", "en": "CARD"}.items():
        assert word in said(of, submission, language)
        assert "STOP" in said(of, submission, language)


def test_the_shops_own_welcome_goes_without_approval_on_any_channel():
    of = owner()
    of.apply(*joins("bread"))
    assert said(of, sent(of)[0]) == small_shop.HELLO
    assert said(of, replaced(sent(of)[0], channel="sms")) == small_shop.HELLO


def test_the_same_message_and_somebody_who_joins_again():
    of = owner()
    of.apply(*joins(), *joins(at=T0 + HOUR), *joins(at=T0 + DAY, number=2))
    assert len(sent(of)) == 2
    assert of.state().joined_at == T0
    assert of.state().consents == {"marketing:sms": T0}


def test_a_rule_that_welcomes_has_said_it():
    of = owner(WELCOMES)
    of.apply(*joins(at=T0 - T0 % DAY + 10 * HOUR))
    assert [each.template for each in sent(of)] == ["hello"]


def test_at_night_the_house_answers_at_once_and_the_rule_in_the_morning():
    of = owner(WELCOMES)
    of.apply(*joins(at=T0 - T0 % DAY + 23 * HOUR))
    assert [each.template for each in sent(of)] == ["answer/join"]


def test_joining_is_no_reply_that_rules_hear():
    of = owner(HEARS)
    of.apply(*joins())
    assert of.state().tags == []
