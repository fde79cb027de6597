"""What an enrolment may say, and what is answered to one that says something else."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from stamgast.domain.costs import Costs
from stamgast.domain.names import tidy_name
from stamgast.people.enrolment_request import EnrolmentRequest, doubts_about_enrolment, enrolment_schema, read_enrolment
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.problems import RefusedError, allowed_in
from stamgast.pos.types import ANY_ID
from tests.builders import program

CONSENT = {"purpose": "marketing", "channel": "sms", "wording_version": "2026-1"}


def read(**fields: Any) -> EnrolmentRequest:
    return read_enrolment(json.dumps({"phone": "0612345678", **fields}).encode())


def refused(**fields: Any) -> dict[str, str]:
    with pytest.raises(RefusedError) as caught:
        read(**fields)
    [problem] = caught.value.problems
    return problem


@pytest.mark.parametrize(
    "unproven", [{"wording_version": ...}, {"wording_version": ""}, {"wording_version": " ", "granted": True}]
)
def test_a_consent_is_refused_without_the_wording_that_was_shown(unproven: dict[str, Any]):
    consent = {name: value for name, value in (CONSENT | unproven).items() if value is not ...}
    problem = refused(consents=[CONSENT, consent])

    assert problem["pointer"] == "/consents/1/wording_version"
    assert problem["detail"].startswith("wording_version is missing: ")
    assert not fits_the_schema(consent)


def test_a_consent_is_withdrawn_without_any_wording():
    withdrawn = {"purpose": "marketing", "channel": "sms", "granted": False}

    assert read(consents=[withdrawn]).consents[0].granted is False
    assert fits_the_schema(withdrawn)
    assert fits_the_schema(CONSENT)


def fits_the_schema(consent: dict[str, Any]) -> bool:
    """As a till's developer would check it: by what /openapi.json says."""
    schema = enrolment_schema()["$defs"]["Consent"]
    return jsonschema.Draft202012Validator(schema).is_valid(consent)


@pytest.mark.parametrize("purpose", ["marketting", "maketing", "utilty"])
def test_a_mistyped_purpose_is_refused_with_the_one_that_was_meant(purpose: str):
    problem = refused(consents=[CONSENT | {"purpose": purpose}])
    meant = "utility" if purpose[0] == "u" else "marketing"
    assert problem["pointer"] == "/consents/0/purpose"
    assert (problem["nearest"], problem["allowed"]) == (meant, "marketing, utility")


@pytest.mark.parametrize("birthday", ["1988-02-31", "--02-30", "1989-02-29", "--04-31", "0000-01-01"])
def test_a_birthday_that_is_no_day_is_refused(birthday: str):
    problem = refused(birthday=birthday)
    assert (problem["pointer"], problem["detail"]) == (
        "/birthday",
        "birthday is not on the calendar: there is no such day",
    )


@pytest.mark.parametrize("birthday", ["1988-02-29", "--02-29", "1988-10-21"])
def test_a_birthday_that_is_a_day_is_taken(birthday: str):
    assert read(birthday=birthday).birthday == birthday


@pytest.mark.parametrize(
    ("text", "name"),
    [("  Noor  de\tWit ", "Noor de Wit"), (" " * 15, ""), ("Zoe\u0308", "Zo\xeb"), ("\u200b", ""), ("--", "")],
)
def test_a_name_is_tidied(text: str, name: str):
    assert tidy_name(text) == name


def test_words_that_the_programme_does_not_know_are_taken_and_told():
    shop = program(costs=Costs(acquisition_costs={"flyer": ((0, 400),)}), languages=("nl", "fr-BE"))
    letters = CONSENT | {"purpose": "newsletter"}
    given = read(consents=[CONSENT, letters], language="de", acquisition_source="Flyer")
    told = {each.pointer: each for each in doubts_about_enrolment(given, shop)}
    assert set(told) == {"/consents/1/purpose", "/language", "/acquisition_source"}
    assert told["/acquisition_source"].nearest == "flyer"
    assert "'nl'" in told["/language"].detail


def test_what_the_programme_knows_and_what_is_like_nothing_it_knows_is_not_told():
    shop = program(costs=Costs(acquisition_costs={"flyer": ((0, 400),)}), languages=("nl", "fr-BE"))
    for source in ("flyer", "instagram", None):
        given = read(consents=[CONSENT], language="fr", acquisition_source=source)
        assert doubts_about_enrolment(given, shop) == []


def test_a_source_with_a_space_in_it_is_told_what_a_source_may_be():
    problem = refused(acquisition_source="carrier pigeon")

    assert problem["detail"] == "acquisition_source may not be 'carrier pigeon'"
    assert "without spaces" in problem["allowed"]


@pytest.mark.parametrize(
    "name", ["Noor", "Zoë", "Anne-Sophie", "D\u2019Arcy O'Neil", "Łukasz", "Nguyễn Thị", "愛", "صوفي", "J.", "e\u0301"]
)
def test_a_name_is_letters_in_any_script(name: str):
    assert read(first_name=name).first_name == name
    assert read(name=f"{name} de Vries").name == f"{name} de Vries"


@pytest.mark.parametrize(
    "name",
    ["evil.example", "http://evil.example", "Jan\nGratis", "Jan\u202eecart", "\u200fJan", "Jan\u2028x", "<b>Jan", "{{ x }}",
     "Jan 0900", "Jan\u00a0x", "J\u200djan", "*Jan*", "Jan\x00"],
)  # fmt: skip
def test_a_name_is_no_place_for_links_lines_and_directions(name: str):
    for field in ("first_name", "name"):
        problem = refused(**{field: name})
        assert problem["detail"].startswith(f"{field} may hold letters, spaces, hyphens, apostrophes")
        assert name not in str(problem)


def test_a_first_name_has_forty_letters_at_most():
    read(first_name="x" * 40)
    assert refused(first_name="x" * 41)["pointer"] == "/first_name"


def patterns(schema: dict[str, Any], field: str = "") -> Iterator[tuple[str, str]]:
    """Every field of a JSON Schema that a pattern bounds, with it."""
    if isinstance(schema.get("pattern"), str):
        yield field, schema["pattern"]
    for name, each in (schema.get("$defs", {}) | schema.get("properties", {})).items():
        yield from patterns(each, name)
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from patterns(each, field)


@pytest.mark.parametrize("model", [Purchase, Refund, EnrolmentRequest])
def test_of_every_field_that_a_pattern_bounds_we_say_in_words_what_it_may_hold(model: type[BaseModel]):
    bounded = {field: pattern for field, pattern in patterns(model.model_json_schema()) if pattern != ANY_ID}

    assert len(bounded) > 2
    assert [field for field, pattern in bounded.items() if pattern in allowed_in(field, pattern)] == []
    assert allowed_in("brand_new", "^x+$") == "what fits ^x+$"
