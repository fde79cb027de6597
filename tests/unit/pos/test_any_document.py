"""Whatever comes in: a purchase or a refusal with places, never another error; and the schema says the same."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stamgast.domain.purchase_record import decode_record
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.contract import asyncapi, purchase_schema
from stamgast.pos.problems import RefusedError, UnreadableError
from stamgast.pos.reading import Received, Refused, TooManyError, read_purchase, read_purchases
from stamgast.pos.record import to_record
from stamgast.purchases.accept import refusal

GOLDEN = Path(__file__).parents[2] / "golden" / "purchase"
EXAMPLES = [json.loads(file.read_text()) for file in sorted(GOLDEN.glob("*.json"))]
SCHEMA = jsonschema.Draft202012Validator(purchase_schema())
FIELDS = sorted(
    set(Purchase.model_fields) | set(Refund.model_fields) | {"specversion", "id", "type", "data", "gross_minor"}
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(
        ["2026-10-01T07:42:10Z", "2026-10-01T07:42:10", "refund", "completed", "EUR", "1.5", "c" + "a" * 24]
    )
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), inner, max_size=6)
    ),
)


@st.composite
def spoiled(draw: Any) -> Any:
    """An example with one place replaced, removed or added."""
    document = json.loads(json.dumps(draw(st.sampled_from(EXAMPLES))))
    place = document
    while True:
        key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else draw(st.integers(0, len(place) - 1))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and draw(st.booleans()):
            place = inner
            continue
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                place[key] = draw(documents)
            case "remove":
                del place[key]
            case "add" if isinstance(place, dict):
                place[draw(st.sampled_from(FIELDS))] = draw(documents)
        return document


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents | spoiled())
def test_every_document_is_read_or_refused_with_places(document):
    try:
        items = read_purchases(json.dumps(document).encode())
    except RefusedError as refused:
        items = [Refused(refused.problems)]
    except TooManyError:
        return
    for each in items:
        if isinstance(each, Received):
            decode_record(to_record(each.purchase, "m", None, 1_790_840_600_000)[1])
            continue
        assert each.problems
        assert all(one["detail"] and (not one["pointer"] or one["pointer"][0] == "/") for one in each.problems)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoiled())
def test_what_is_accepted_fits_the_schema(document):
    try:
        read_purchase(document)
    except RefusedError:
        return
    SCHEMA.validate(document.get("data", document) if "specversion" in document else document)


def test_a_record_fits_the_description_of_its_topic():
    payload = json.loads(json.dumps(asyncapi()["components"]["messages"]["purchase"]["payload"]))
    payload["properties"]["data"] = {}
    for example in EXAMPLES:
        purchase = read_purchase(example).purchase
        record = json.loads(to_record(purchase, "m", "c" + "a" * 24, 1_790_840_600_000)[1])
        jsonschema.Draft202012Validator(payload).validate(record)
        SCHEMA.validate(
            {name: value for name, value in record["data"].items() if name != "customer"} | _customer(record)
        )


def _customer(record: dict[str, Any]) -> dict[str, Any]:
    return {"customer": record["data"]["customer"]} if record["data"]["status"] != "refund" else {}


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"", "the body is empty"), (b" \n", "the body is empty"), (b"{", "the body is not JSON")],
)
def test_a_body_that_is_no_json_is_refused_and_an_empty_one_called_empty(body: bytes, said: str):
    with pytest.raises(UnreadableError) as caught:
        read_purchases(body)

    (problem,) = caught.value.problems
    assert isinstance(caught.value, UnreadableError)
    assert problem["pointer"] == ""
    assert problem["detail"].startswith(said)


def test_the_mark_that_dotnet_writes_before_its_json_is_passed_over_once():
    body = json.dumps(SMALLEST).encode()

    [marked], [plain] = read_purchases(b"\xef\xbb\xbf" + body), read_purchases(body)

    assert marked == plain
    with pytest.raises(UnreadableError):
        read_purchases(b"\xef\xbb\xbf\xef\xbb\xbf" + body)
    with pytest.raises(UnreadableError, match="comes twice"):
        read_purchases(b"\xef\xbb\xbf" + b'{"a": 1, "a": 2}')


def test_a_key_that_comes_twice_is_refused_however_deep_and_by_its_name():
    body = b'[{"transaction_id": "t1", "totals": {"gross_minor": 1, "net_minor": 2, "gross_minor": 3}}]'

    with pytest.raises(UnreadableError, match="the key 'gross_minor' comes twice"):
        read_purchases(body)


@pytest.mark.parametrize("offset", ["+25:00", "-99:99", "+15:00"])
def test_an_offset_that_no_place_has_is_told_in_our_words(offset: str):
    document = json.loads((GOLDEN / "smallest.json").read_text()) | {"end_date_time": f"2026-10-01T07:42:10{offset}"}

    with pytest.raises(RefusedError, match=r"no place has: they go from -12:00 to \+14:00"):
        read_purchase(document)


SMALLEST = json.loads((GOLDEN / "smallest.json").read_text())
BATCH = [SMALLEST | {"transaction_id": f"t{n}", "nope": "x" * 2_500, "gross": 1} for n in range(1_000)]
LINES = [{"line_id": str(n)} | {f"x{each}": 1 for each in range(20)} for n in range(1_500)]


@pytest.mark.parametrize(
    ("document", "at_least"),
    [
        (BATCH, 100),
        (SMALLEST | {"line_items": LINES}, 100),
        ({f"field{n}": 1 for n in range(300_000)}, 1),
        ({"data": [{"y" * 2_800_000: 1}]}, 1),
    ],
    ids=["a batch", "lines", "fields", "a name"],
)
def test_what_is_wrong_in_a_thousand_places_is_answered_with_a_hundred(document: Any, at_least: int):
    refused = refusal_of(json.dumps(document).encode())

    assert at_least <= len(refused.problems) <= 100
    assert refused.more == (at_least == 100)
    assert len(json.dumps(refused.problems)) < 100_000


def refusal_of(body: bytes) -> RefusedError:
    try:
        items = [each for each in read_purchases(body) if isinstance(each, Refused)]
    except RefusedError as refused:
        return refused
    told = refusal(items)
    assert isinstance(told, RefusedError)
    return told
