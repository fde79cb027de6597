"""`contents/<template>.yaml` and `contents/lock.json`: what WhatsApp is to approve, and what was pushed of it."""

import json

import pytest

from rules.loader import load_bundle, load_published
from rules.program.content_lock import LOCK, Approval, Held, Locked, read_lock, written_lock
from rules.schema import SCHEMAS
from stamgast.domain.vocabulary import Channel
from tests.schemas import validate
from tests.unit.rules.plain_data import data_of
from tests.unit.rules.small_shop import PROGRAM, files_of

SID, OTHER = "HX00000000000000000000000000000001", "HX00000000000000000000000000000002"
FILE = "contents/free_loaf.yaml"
TEXT = "Je kaart is vol: toon de code {{1}} aan de kassa. Tot gauw!"
UNPUSHED = PROGRAM.replace(f"whatsapp: {{nl: {SID}}}, ", "")


def told(text: str, program: str = UNPUSHED, **more: str) -> list[str]:
    loaded = load_bundle(files_of(program=program, **{FILE: text}, **more))
    return [each.message for each in loaded.problems if each.severity == "error"]


def lock_of(locked: Locked, language: str = "nl") -> str:
    return written_lock({"free_loaf": {language: locked}})


def digest_of(text: str) -> str:
    return load_bundle(files_of(program=UNPUSHED, **{FILE: text})).contents["free_loaf"].digest("nl")


def test_a_text_is_read_with_all_that_stands_around_it():
    text = f"""
category: utility
samples: {{"1": 4F7K}}
nl:
  text: "{TEXT}"
  title: Je brood
  footer: Stop? Antwoord STOP
  quick_replies: {{coming: Ik kom langs, later: Later}}
  links: {{Je kaart: "https://example.com/{{{{1}}}}"}}
"""
    assert told(text) == []
    validate(data_of(text), SCHEMAS["content"]())
    file = load_bundle(files_of(program=UNPUSHED, **{FILE: text})).contents["free_loaf"]
    types = file.languages["nl"].types()
    assert types["twilio/text"] == {"body": TEXT}
    assert types["whatsapp/card"]["header_text"] == "Je brood"
    assert [each["title"] for each in types["whatsapp/card"]["actions"]] == ["Ik kom langs", "Later", "Je kaart"]
    assert types["whatsapp/card"]["actions"][0]["id"] == "coming"
    assert "4F7K aan de kassa" in file.languages["nl"].filled({"1": "4F7K"}).shown()


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("{text: T}", "twilio/text"),
        ("{text: T, quick_replies: [Ja, Nee]}", "twilio/quick-reply"),
        ("{text: T, media: 'https://example.com/a.png'}", "twilio/media"),
        ("{text: T, media: 'https://example.com/a.png', quick_replies: [Ja]}", "whatsapp/card"),
    ],
)
def test_a_text_takes_the_plainest_form_that_says_all_of_it(written: str, kind: str):
    text = f"nl: {written.replace('T', json.dumps(TEXT), 1)}"
    assert told(text) == []
    assert (
        next(
            iter(load_bundle(files_of(program=UNPUSHED, **{FILE: text})).contents["free_loaf"].languages["nl"].types())
        )
        == kind
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"{{1}} is je code, en je kaart is vol!"', "this text begins with a place, and WhatsApp refuses that"),
        ('"Je kaart is vol, dit is je code: {{1}}"', "this text ends with a place, and WhatsApp refuses that"),
        ('"Code {{1}} graag."', "this text has 2 words of its own for 1 place, and WhatsApp wants 3"),
        ('"Je kaart is vol: {{1}} {{2}} ligt hier klaar."', "two places stand side by side, and WhatsApp refuses that"),
        ('"Je kaart is vol: {{2}} ligt hier klaar."', "there is no place {{1}}, and there are higher ones"),
        ('"Dag {{customer.first_name}}, je kaart is vol!"', "places are numbered in what WhatsApp approves"),
        ('"Je kaart      is vol: {{1}} ligt hier klaar."', "there is a tab, or more than four spaces in a row"),
        (f'"{"brood " * 180}"', "this text has 1,079 characters; at most 1,024 are taken"),
        (f'{{text: "{TEXT}", footer: "{"x" * 61}"}}', "this footer has 61 characters; at most 60 are taken"),
        (f'{{text: "{TEXT}", footer: "{{{{1}}}}"}}', "a footer takes no places"),
        (f'{{text: "{TEXT}", quick_replies: [Ik kom heel graag langs]}}', "has 23 characters; a button takes 20"),
        (f'{{text: "{TEXT}", quick_replies: [Ja, Ja]}}', "two quick replies say the same"),
        (f'{{text: "{TEXT}", links: {{Kaart: "http://example.com"}}}}', '"http://example.com" is not an address'),
        (f'{{text: "{TEXT}", links: {{Kaart: "https://{{{{1}}}}.be"}}}}', "one place, after its domain"),
        (f'{{text: "{TEXT}", media: "https://example.com/a"}}', "this address does not say what it shows"),
        (f'{{text: "{TEXT}", media: "https://example.com/a.png", title: Dag}}', "a title or `media`, not both"),
        (f'{{text: "{TEXT}", buttons: [Ja]}}', 'unknown word "buttons" in `nl`'),
        ("{footer: Stop}", "`nl` needs `text`"),
        ('"Je kaart is vol: {{1}} en {{2}} ligt klaar, tot gauw!"', "has the place {{2}}, and nothing fills it"),
    ],
)
def test_what_whatsapp_would_refuse_is_said_before_anything_is_submitted(text: str, message: str):
    assert any(message in each for each in told(f"nl: {text}")), told(f"nl: {text}")


def test_a_file_of_no_template_and_a_language_of_nobody_are_told():
    loaded = load_bundle(files_of(program=UNPUSHED, **{"contents/free_loav.yaml": f'nl: "{TEXT}"'}))
    [problem] = [each for each in loaded.problems if "free_loav" in each.message]
    assert 'Did you mean "free_loaf"?' in problem.hint
    assert 'unknown word "de" in `contents/free_loaf`' in told(f'nl: "{TEXT}"\nde: "{TEXT}"')


def test_before_it_was_pushed_nothing_goes_over_whatsapp_and_rules_may_name_it():
    loaded = load_bundle(files_of(program=UNPUSHED, **{FILE: f'nl: "{TEXT}"'}))
    assert loaded.ok
    assert not loaded.program.templates["free_loaf"].whatsapp
    assert any("was never pushed: nothing goes out with it over WhatsApp" in each.message for each in loaded.problems)


def test_spaces_within_a_place_are_taken_out():
    file = load_bundle(files_of(program=UNPUSHED, **{FILE: f'nl: "{TEXT.replace("{{1}}", "{{ 1 }}")}"'})).contents[
        "free_loaf"
    ]
    assert file.languages["nl"].text == TEXT
    assert "toon de code 4F7K aan" in file.languages["nl"].filled({"1": "4F7K"}).text


def test_what_was_pushed_is_sent_also_by_a_worker_that_reads_what_was_published():
    text = f'nl: "{TEXT}"'
    files = files_of(
        program=UNPUSHED, **{FILE: text, LOCK: lock_of(Locked(Held(SID, digest_of(text), Approval.APPROVED)))}
    )
    loaded = load_bundle(files)
    assert loaded.problems == ()
    published = load_published(loaded.files, "bakery", {})
    assert published.program.templates["free_loaf"].wordings(Channel.WHATSAPP) == {"nl": SID}


@pytest.mark.parametrize(
    ("locked", "sent", "told_of_it"),
    [
        (
            Locked(Held(SID, "old", Approval.APPROVED)),
            SID,
            "was changed since it was pushed: the one before it goes on",
        ),
        (Locked(Held(SID, "", Approval.PENDING)), SID, "waits for WhatsApp's approval: nothing goes out with it"),
        (Locked(Held(SID, "", Approval.REJECTED, reason="TAG")), SID, "was rejected by WhatsApp, for TAG: nothing"),
        (
            Locked(Held(SID, "old", Approval.APPROVED), Held(OTHER, "", Approval.PENDING)),
            SID,
            "the one before it goes on",
        ),
    ],
)
def test_what_waits_or_was_refused_is_told_and_what_was_approved_goes_on(locked: Locked, sent: str, told_of_it: str):
    text = f'nl: "{TEXT}"'
    newest = locked.newest
    fresh = (
        newest if newest.digest else Held(newest.sid, digest_of(text), newest.approval, newest.category, newest.reason)
    )
    locked = Locked(fresh) if locked.next is None else Locked(locked.held, fresh)
    loaded = load_bundle(files_of(program=UNPUSHED, **{FILE: text, LOCK: lock_of(locked)}))
    assert loaded.program.templates["free_loaf"].whatsapp == {"nl": sent}
    [problem] = loaded.problems
    assert problem.severity == "warning"
    assert told_of_it in problem.message


def test_what_is_approved_takes_the_place_of_what_was():
    old, new = Held(SID, "old", Approval.APPROVED), Held(OTHER, "new", Approval.RECEIVED)
    both = Locked(old).pushed(new)
    assert (both.held, both.next) == (old, new)
    assert both.looked_at(OTHER, Approval.REJECTED, "", "TAG").held == old
    after = both.looked_at(OTHER, Approval.APPROVED, "MARKETING", "")
    assert (after.held.sid, after.next) == (OTHER, None)
    assert Locked(Held(SID, "old", Approval.REJECTED)).pushed(new) == Locked(new)
    assert Locked(old).pushed(Held(OTHER, "new", Approval.APPROVED)).next is None


def test_a_lock_that_is_none_is_an_error_that_says_what_to_do():
    [message] = told(f'nl: "{TEXT}"', **{LOCK: "{"})
    assert message == "this is not what `stamgast templates push` writes"
    assert read_lock(lock_of(Locked(Held(SID, "d"))))["free_loaf"]["nl"].held.sid == SID


def test_a_content_sid_that_program_yaml_names_is_the_one_that_is_sent():
    lock = lock_of(Locked(Held(OTHER, "d", Approval.APPROVED)))
    loaded = load_bundle(files_of(**{FILE: f'nl: "{TEXT}"', LOCK: lock}))
    assert loaded.program.templates["free_loaf"].whatsapp == {"nl": SID}
    assert loaded.problems == ()


def test_an_absurdly_long_file_is_refused_in_words():
    assert any("characters; at most 1,024 are taken" in each for each in told(f'nl: "{"brood " * 40_000}"'))
