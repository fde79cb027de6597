"""A word that the house knows is answered: once, within the window, in the customer's language, and never for ever."""

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as replaced

from channels.console import ConsoleChannel
from channels.model import Prepared
from rules.loader import load_bundle
from stamgast.domain.activation import Submission
from stamgast.domain.answers import CODE_LIFE, LIFE, MOST_PARTS, Asked, own_answer_named, template_of
from stamgast.domain.conversation import MOST_ANSWERS, MOST_HEARD
from stamgast.domain.events import CodeAsked, Line, OptedOut, PurchaseChanged, Replied, decode_event
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.domain.voucher_codes import short_of
from stamgast.identity.records import Profile
from stamgast.people.why import rules_told_of
from stamgast.service import Bundle
from streams.outbox.addressing import Addressed, address
from tests.builders import ANNA, MERCHANT, T0, bought, consent
from tests.fakes.in_memory import Owner
from tests.message_scenes import outcome
from tests.unit.rules import small_shop

QUIET = "rule: example\nstatus: live\nwhen: {event: workshop}\nthen: [{tag: in}]\n"
TALKS = "rule: example\nstatus: live\nwhen: {replied: {keyword: card}}\nthen: [{send: hello}]\n"


def owner(rule: str = QUIET) -> Owner:
    loaded = load_bundle(small_shop.files_of(rule))
    return Owner(Bundle(0, "", replace(loaded.program, merchant=MERCHANT), loaded.rules))


def wrote(number: int, keyword: str | None = "card", at: int = T0, **more: Any) -> Replied:
    said: dict[str, Any] = {"channel": "whatsapp", "answers": True} | more
    return Replied(merchant=MERCHANT, customer=ANNA, at=at, id=f"m{number}", keyword=keyword, **said)


def sent(of: Owner) -> list[Submission]:
    return [submission for change in of.changes for submission in change.submissions]


def said(of: Owner, submission: Submission, language: str = "nl") -> str:
    """What the person reads."""
    spoken = replaced(submission, language=language)
    addressed = address(spoken, of.bundle.program, Profile(phone="+31612345678"), "hash")
    assert isinstance(addressed, Addressed), addressed
    prepared = ConsoleChannel().prepare(addressed.message, submission.decided_at)
    assert isinstance(prepared, Prepared), prepared
    return prepared.body


def cheese(number: int) -> PurchaseChanged:
    return bought(f"t{number}", T0 + number * HOUR, lines=(Line("1", 350, category="cheese"),))


LATER = T0 + 5 * HOUR


def test_the_card_answers_with_where_it_is_on_the_web():
    of = owner()
    of.apply(wrote(1))
    [submission] = sent(of)
    link = "https://loyalty.example.com/c/" + "a" * 31
    addressed = address(submission, of.bundle.program, Profile(phone="+31612345678"), "hash", card=link)
    assert isinstance(addressed, Addressed)
    prepared = ConsoleChannel().prepare(addressed.message, T0)
    assert isinstance(prepared, Prepared)
    assert prepared.body.endswith(f" {link}")


def code_asked(number: int, at: int = T0) -> CodeAsked:
    return CodeAsked(merchant=MERCHANT, customer=ANNA, at=at, id=f"code:{number}", channel="sms")


def test_a_code_goes_to_the_phone_once_for_each_request_and_is_no_message_of_theirs():
    of = owner(TALKS)
    of.apply(code_asked(1), code_asked(1), code_asked(2))
    first, second = sent(of)
    assert (first.template, first.channel, first.data) == (
        "answer/code",
        "sms",
        {"answer": "code", "request": "code:1"},
    )
    assert first.expires_at == T0 + CODE_LIFE
    assert second.data["request"] == "code:2"
    assert "000000 is je code" in said(of, first)
    assert all("000000" in said(of, first, language) for language in ("fr", "de", "en", "tr"))
    assert of.state().inbound_at == 0, "no window opens: they wrote nothing"


def test_no_code_goes_after_stop_or_more_often_than_answers_do():
    of = owner()
    of.apply(*(code_asked(number) for number in range(MOST_ANSWERS + 3)))
    assert len(sent(of)) == MOST_ANSWERS
    stopped = owner()
    stopped.apply(OptedOut(merchant=MERCHANT, customer=ANNA, at=T0), code_asked(1, LATER))
    assert sent(stopped) == []


def test_the_card_answers_with_stamps_and_vouchers_and_when_they_end():
    of = owner()
    of.apply(*(cheese(n) for n in range(4)), wrote(1, at=LATER))
    [submission] = sent(of)
    assert (submission.template, submission.channel, submission.rule) == ("answer/card", "whatsapp", "")
    [voucher] = of.state().vouchers
    expected = f"The Shop: 1 van 3 stempels voor Een brood. Klaar voor je: Een brood (code {short_of(voucher.code)}, t/m 31/10/2026)."
    assert said(of, submission) == expected
    for language, words in {"fr-BE": "tampons sur", "de": "Stempeln", "en": "stamps for", "tr": "van 3"}.items():
        assert words in said(of, submission, language)
    over_sms = said(of, replaced(submission, channel="sms"))
    assert over_sms == expected


def test_whoever_has_nothing_is_told_so():
    of = owner()
    of.apply(wrote(1))
    assert said(of, sent(of)[0]) == "The Shop: Je hebt nog geen stempels of tegoeden."


def test_a_pocket_full_of_vouchers_makes_no_endless_message():
    of = owner()
    of.apply(*(cheese(n) for n in range(300)), wrote(1, at=T0 + 300 * HOUR, channel="sms"))
    text = said(of, sent(of)[0])
    assert "en nog 97" in text
    assert len(text) < 153 * MOST_PARTS


def test_help_says_who_writes_and_how_to_stop():
    of = owner()
    of.apply(wrote(1, "help", channel="sms"))
    for language in ("nl", "fr", "de", "en"):
        text = said(of, sent(of)[0], language)
        assert "The Shop" in text
        assert "STOP" in text
        assert len(text) <= 2 * 153


def test_the_same_message_is_heard_once_however_often_and_late_it_is_delivered():
    of = owner()
    of.apply(wrote(1), wrote(2, None, T0 + MINUTE), wrote(1, at=T0 + HOUR), wrote(1, at=T0 + 23 * HOUR))
    assert len(sent(of)) == 1
    assert sum(change.counters.get("rule|example|fired", 0) for change in of.changes) == 0


def test_two_machines_that_answer_each_other_come_to_an_end():
    of = owner()
    of.apply(*(wrote(n, at=T0 + n * 1_000) for n in range(50)))
    assert len(sent(of)) == MOST_ANSWERS
    of.apply(wrote(60, at=T0 + HOUR + 10_000))
    assert len(sent(of)) == MOST_ANSWERS + 1
    talk = of.state().conversation
    assert talk is not None
    assert len(talk.heard) <= MOST_HEARD


def test_stop_stands_in_the_way_and_takes_back_what_has_not_left():
    of = owner()
    of.apply(wrote(1), OptedOut(merchant=MERCHANT, customer=ANNA, at=T0 + 1))
    assert of.changes[-1].cancels == [sent(of)[0].activation]
    of.apply(wrote(2, at=T0 + MINUTE))
    assert len(sent(of)) == 1


def test_it_needs_no_consent_and_no_hour_and_takes_no_room():
    of = owner()
    of.apply(wrote(1, at=T0 + 18 * HOUR))  # four at night
    [submission] = sent(of)
    assert submission.expires_at == submission.decided_at + LIFE
    assert of.state().contacts == {}


def test_of_several_customers_with_one_phone_the_others_keep_silent():
    of = owner()
    of.apply(wrote(1, answers=False))
    assert sent(of) == []


def test_a_rule_of_the_shops_own_answers_instead():
    of = owner(TALKS)
    of.apply(consent(), wrote(1, at=T0 + 2 * HOUR))
    assert [each.template for each in sent(of)] == ["hello"]
    without = owner(TALKS)
    without.apply(wrote(1))
    assert [each.template for each in sent(without)] == ["answer/card"], "the rule's message was withheld"


def test_what_the_carrier_says_of_an_answer_ends_it_and_costs_no_rule():
    of = owner()
    of.apply(wrote(1))
    [submission] = sent(of)
    of.apply(outcome(submission.activation, T0 + MINUTE, "accepted"), outcome(submission.activation, T0 + HOUR, "read"))
    state = of.state()
    assert [(each.state, each.status) for each in state.activations] == [("ended", "read")]
    assert state.delivered == []
    names = [name for change in of.changes for name in change.counters]
    assert not [name for name in names if name.startswith(("rule|", "sum|"))]
    assert rules_told_of(state, of.bundle) == ["example"]


def test_a_photo_sets_off_a_rule_that_waits_for_one():
    rule = "rule: example\nstatus: live\nwhen: {replied: {media: true}}\nthen: [{tag: photo}]\n"
    of = owner(rule)
    of.apply(wrote(1, None))
    assert of.state().tags == []
    of.apply(wrote(2, None, T0 + DAY, media=2))
    assert of.state().tags == ["photo"]


def test_old_records_are_answered_by_nobody():
    old = b'{"type":"replied","merchant":"bakery","customer":"c","at":1,"channel":"sms","keyword":"help"}'
    event = decode_event(old)
    assert isinstance(event, Replied)
    assert (event.answers, event.media) == (False, 0)


def test_every_word_that_is_asked_has_an_answer_in_four_languages():
    for asked in Asked:
        template = own_answer_named(template_of(asked))
        assert template is not None
        assert sorted(template.sms) == ["de", "en", "fr", "nl"]
