"""What `variables` fill in, held against what WhatsApp approved, where that is known."""

import json
from typing import Any

import pytest

from rules.loader import load_bundle
from rules.program.approved_contents import APPROVED
from tests.unit.rules.small_shop import PROGRAM, files_of

SID = "HX00000000000000000000000000000001"


def content(text: str = "Uw code: {{1}}. Tot gauw!", **more: Any) -> dict[str, Any]:
    approval = {"status": "approved", "category": "MARKETING", "name": "free_loaf"} | more.pop("approval", {})
    told = {"sid": SID, "language": "nl", "types": {"twilio/text": {"body": text}}, "variables": {"2": "Brood"}}
    return told | {"approval_requests": approval} | more


def told(*contents: dict[str, Any], program: str = PROGRAM, day: str = "2026-11-29T18:00:00Z") -> list[tuple[str, ...]]:
    known = json.dumps({"fetched_at": day, "contents": list(contents)})
    loaded = load_bundle(files_of(program=program, **{APPROVED: known}))
    assert APPROVED not in loaded.files
    return [(each.severity, each.message, each.hint, each.quoted.strip()[:20]) for each in loaded.problems]


def test_nothing_is_said_where_all_fits():
    assert told(content()) == []


def test_nothing_is_said_where_nobody_asked_twilio():
    assert load_bundle(files_of()).problems == ()


def test_a_place_that_nothing_fills_is_refused_and_its_sample_shown():
    [(severity, message, hint, quoted)] = told(content("Uw code: {{1}} voor {{2}}."))
    assert severity == "error"
    assert message == (
        'the approved text in nl has the place {{2}}, and nothing fills it: people would read "Brood" there'
    )
    assert hint == 'Add `"2": …` to `variables`. It says: "Uw code: {{1}} voor {{2}}."'
    assert quoted.startswith("free_loaf: {whatsapp")


def test_a_place_in_a_button_counts_as_well():
    card = {"twilio/card": {"title": "{{1}}", "actions": [{"type": "URL", "url": "https://shop.example/{{3}}"}]}}
    assert [message for _, message, _, _ in told(content(types=card))] == [
        "the approved text in nl has the place {{3}}, and nothing fills it"
    ]


def test_a_place_with_a_name_is_told_how_to_write_it():
    [(severity, message, hint, _), *_] = told(content("Dag {{first_name}}, {{1}}"))
    assert (severity, message) == (
        "error",
        "the approved text in nl has the place {{first_name}}, and nothing fills it",
    )
    assert "Places are numbered here" in hint


def test_a_variable_without_a_place_is_warned_of():
    [(severity, message, hint, _)] = told(content("Kom gauw terug!"))
    assert (severity, message) == ("warning", 'variable "1" has no place in the approved text in nl')
    assert 'It says: "Kom gauw terug!"' in hint


@pytest.mark.parametrize(
    ("approval", "message"),
    [
        ({"status": "rejected", "rejection_reason": "INVALID_FORMAT"}, "was rejected by WhatsApp (on 2026-11-29), for INVALID_FORMAT"),
        ({"status": "paused"}, "is paused by WhatsApp, since people did not like it (on 2026-11-29)"),
        ({"status": "pending"}, "waits for WhatsApp's approval (on 2026-11-29)"),
        ({"status": "unsubmitted"}, "was never submitted to WhatsApp for approval (on 2026-11-29)"),
        ({"status": "in_appeal"}, 'is "in_appeal" at WhatsApp (on 2026-11-29)'),
    ],
)  # fmt: skip
def test_what_is_not_approved_is_warned_of_with_what_whatsapp_says(approval: dict[str, str], message: str):
    [(severity, found, _, _)] = told(content(approval=approval))
    assert severity == "warning"
    assert found == f"this message {message}: nothing goes out with it over WhatsApp"


def test_another_language_is_warned_of_and_a_country_beside_it_is_not():
    [(severity, message, _, _)] = told(content(language="fr"))
    assert (severity, message) == ("warning", 'this message is in "fr" at Twilio, and stands under nl')
    assert told(content(language="nl_BE")) == []


def test_a_content_that_twilio_does_not_know_is_warned_of_with_the_nearest():
    nearly = SID[:-1] + "2"
    [(severity, message, hint, _)] = told(content(sid=nearly))
    assert (severity, message) == ("warning", "Twilio's account had no such message (on 2026-11-29)")
    assert hint.startswith(f"Did you mean {nearly}?")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"contents": 3}', '{"contents": [{}]}', '{"contents": [{"sid": "HX"}]}']
)
def test_a_file_that_is_no_such_list_is_said_to_be_none(text: str):
    [problem] = load_bundle(files_of(**{APPROVED: text})).problems
    assert (problem.file, problem.message) == (APPROVED, "this is not what Twilio says of approved messages")
    assert "stamgast templates fetch" in problem.hint


def test_what_is_published_is_compared_with_nothing():
    known = json.dumps({"contents": [content("{{1}} {{2}}")]})
    assert load_bundle(files_of(**{APPROVED: known}), published=True).ok
