import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stamgast.domain.purchase_record import decode_record
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.contract import RELEASED_FILE, asyncapi, breaking_changes, purchase_schema, rendered
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Received, Refused, TooManyError, read_purchase, read_purchases
from stamgast.pos.record import to_record

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "purchase"
RECORDED_AT = 1_790_840_600_000  # 2026-10-01T07:43:20Z


def smallest(**changes: Any) -> dict[str, Any]:
    document = json.loads((GOLDEN / "smallest.json").read_text())
    document.update(changes)
    return {name: value for name, value in document.items() if value is not ...}


def refused(document: Any) -> list[dict[str, str]]:
    [found] = read_purchases(json.dumps(document).encode())
    assert isinstance(found, Refused)
    return list(found.problems)


def read(document: Any) -> Purchase | Refund:
    purchase = read_purchase(document).purchase
    assert isinstance(purchase, Purchase | Refund)
    return purchase


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_every_example_event_ever_released_is_still_read(file):
    received = read_purchase(json.loads(file.read_bytes()))
    key, value = to_record(received.purchase, "bakkerij-noord", None, RECORDED_AT)
    record = decode_record(value)
    assert key == f"bakkerij-noord:{received.purchase.transaction_id}".encode()
    assert record.data.totals.gross_minor == received.purchase.totals.gross_minor


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_every_example_fits_the_schema_that_is_checked_in(file):
    document = json.loads(file.read_text())
    schema = json.loads((ROOT / "schemas" / RELEASED_FILE).read_text())
    jsonschema.Draft202012Validator(schema).validate(document.get("data", document))


def test_the_checked_in_schemas_are_current():
    for name, text in rendered().items():
        assert (ROOT / "schemas" / name).read_text() == text, f"run `make docs` for {name}"


@pytest.mark.parametrize("name", ["purchase/1.json", "asyncapi.json"])
def test_no_description_keeps_the_indentation_of_the_code_it_was_written_in(name):
    """Python 3.13 takes it out of docstrings, and older ones leave it: the files must be the same for all."""
    assert not re.search(r"\n +\S", "".join(descriptions(json.loads((ROOT / "schemas" / name).read_text()))))


def descriptions(schema: Any) -> Iterator[str]:
    for word, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if word == "description" and isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from descriptions(value)


def test_the_contract_only_ever_added_to_what_was_released():
    released = json.loads((ROOT / "schemas" / RELEASED_FILE).read_text())
    assert breaking_changes(released, purchase_schema()) == []


def test_a_breaking_change_is_noticed():
    released = purchase_schema()
    changed = json.loads(json.dumps(released))
    purchase = changed["$defs"]["Purchase"]
    del purchase["properties"]["receipt_number"]
    purchase["required"].append("business_day_date")
    purchase["properties"]["status"]["enum"].remove("voided")
    changed["$defs"]["Totals"]["properties"]["gross_minor"]["type"] = "number"
    found = breaking_changes(released, changed)
    assert len(found) == 4
    assert any("receipt_number: is gone" in line for line in found)


def test_a_new_optional_field_is_no_breaking_change():
    changed = purchase_schema()
    changed["$defs"]["Purchase"]["properties"]["table"] = {"type": "string"}
    assert breaking_changes(purchase_schema(), changed) == []


def test_the_topics_are_described_with_the_purchase_schema():
    described = asyncapi()
    assert described["channels"]["purchases"]["address"] == "purchases.v1"
    assert (
        described["components"]["messages"]["purchase"]["payload"]["properties"]["data"]["$ref"] == "./purchase/1.json"
    )


def test_the_smallest_purchase_is_accepted():
    purchase = read(smallest())
    assert isinstance(purchase, Purchase)
    assert purchase.line_items[0].sku == "BROOD"


@pytest.mark.parametrize(
    "field", ["transaction_id", "source_version", "status", "end_date_time", "store", "price_currency", "totals"]
)
def test_a_purchase_without_what_it_must_say_is_refused_by_the_field(field):
    (problem,) = refused(smallest(**{field: ...}))
    assert problem["pointer"] == f"/{field}"
    assert problem["detail"] == f"{field} is missing"


def test_what_may_stand_in_a_missing_field_is_told_where_there_are_words_for_it():
    problems = {each["pointer"]: each for each in refused(smallest(status=..., transaction_link={"kind": "return_of"}))}
    assert "completed" in problems["/status"]["allowed"]
    assert problems["/transaction_link/relation"]["allowed"] == "return_of, exchange_of, replaces"


@pytest.mark.parametrize(("relation", "nearest"), [("returnof", "return_of"), ("replace", "replaces"), ("7", None)])
def test_the_word_that_was_meant_is_told(relation, nearest):
    (problem,) = refused(smallest(transaction_link={"relation": relation, "transaction_id": "till1:1"}))
    assert problem.get("nearest") == nearest


def test_a_text_that_is_empty_or_too_long_is_told_in_plain_words():
    assert refused(smallest(transaction_id=""))[0]["detail"] == "transaction_id is empty"
    assert refused(smallest(transaction_id="x" * 201))[0]["detail"] == "transaction_id has more than 200 characters"


def test_customer_and_lines_may_be_missing():
    assert read(smallest(customer=..., line_items=...)).transaction_id == "till1:4711"


def test_an_unknown_field_is_refused_with_its_name_and_the_nearest_one():
    document = smallest(custmer={"phone": "0612345678"})
    document["totals"]["gros_minor"] = 3
    document["line_items"][0]["color"] = "brown"
    problems = {problem["pointer"]: problem for problem in refused(document)}
    assert problems["/custmer"]["nearest"] == "customer"
    assert problems["/totals/gros_minor"]["nearest"] == "gross_minor"
    assert "color is not a field here" in problems["/line_items/0/color"]["detail"]
    assert "sku" in problems["/line_items/0/color"]["allowed"]


def test_all_problems_are_told_at_once():
    document = smallest(
        status="payed", source_version="1", end_date_time="2026-10-01T07:42:10", totals={"gross_minor": 12.4}
    )
    problems = {problem["pointer"]: problem for problem in refused(document)}
    assert set(problems) == {"/status", "/source_version", "/end_date_time", "/totals/gross_minor"}
    assert "completed" in problems["/status"]["allowed"]
    assert "offset" in problems["/end_date_time"]["detail"]
    assert "1240" in problems["/totals/gross_minor"]["allowed"]


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        *[(word, "EUR") for word in ("euro", "eur", "Euro ", "€", "EURO", "EURR")],
        *[("$", "USD"), ("usd", "USD"), ("UDS", "USD"), ("£", "GBP"), ("ZZZ", None), ("", None), ("978", None)],
    ],
)
def test_a_currency_that_there_is_not_is_refused_with_the_one_that_was_meant(code, nearest):
    for document in (smallest(price_currency=code), refund_of(price_currency=code)):
        (told,) = refused(document)
        assert (told["pointer"], told.get("nearest")) == ("/price_currency", nearest)
        assert "ISO 4217" in told["allowed"]


def test_money_of_a_country_that_has_the_euro_now_may_still_be_imported():
    assert read(smallest(price_currency="NLG")).price_currency == "NLG"


@pytest.mark.parametrize(("currency", "right", "wrong"), [("EUR", 2, 3), ("JPY", 0, 2), ("KWD", 3, 2)])
def test_an_exponent_that_is_not_the_currencys_is_refused(currency, right, wrong):
    for document in (smallest(), refund_of()):
        read(document | {"price_currency": currency, "currency_exponent": right})
        (told,) = refused(document | {"price_currency": currency, "currency_exponent": wrong})
        assert f"currency_exponent is {wrong}, and {currency} has {right} decimals" in told["detail"]


def refund_of(**changes: Any) -> dict[str, Any]:
    return json.loads((GOLDEN / "refund.json").read_text()) | changes


def test_no_problem_repeats_the_telephone_number():
    document = smallest(customer={"phone": "0612345678", "mail": "jan@example.nl"}, status="payed")
    assert "0612345678" not in json.dumps(refused(document))
    assert "0612345678" not in json.dumps(refused(smallest(customer="0612345678")))
    assert "0612345678" not in json.dumps(refused(smallest(customer={"customer_id": "0612345678"})))


@pytest.mark.parametrize("quantity", ["one", "1,5", "", "1e3", 1, "٣"])
def test_a_quantity_is_a_decimal_as_text(quantity):
    document = smallest()
    document["line_items"][0]["quantity"] = quantity
    assert refused(document)[0]["pointer"] == "/line_items/0/quantity"


@pytest.mark.parametrize(
    "moment",
    ["2026-02-30T00:00:00Z", "yesterday", 1790840530, "0000-00-00T00:00:00Z", "2026-10-01", "2026-10-01T25:00:00Z"],
)
def test_what_is_no_moment_is_refused(moment):
    assert refused(smallest(end_date_time=moment))[0]["pointer"] == "/end_date_time"


def test_two_lines_may_not_share_an_id():
    line = smallest()["line_items"][0]
    assert "same line_id" in refused(smallest(line_items=[line, line]))[0]["detail"]


def test_a_customer_who_is_nobody_is_refused():
    assert refused(smallest(customer={}))[0]["pointer"] == "/customer"


def test_a_refund_says_what_was_given_back_in_positive_amounts():
    document = json.loads((GOLDEN / "refund.json").read_text())
    refund = read(document)
    assert isinstance(refund, Refund)
    document["totals"]["gross_minor"] = -350
    assert refused(document)[0]["pointer"] == "/totals/gross_minor"


def test_a_refund_without_its_id_is_refused():
    document = json.loads((GOLDEN / "refund.json").read_text())
    del document["refund_id"]
    assert refused(document)[0]["pointer"] == "/refund_id"


def test_one_bad_purchase_in_a_batch_is_told_by_its_place_and_holds_up_none_of_the_others():
    batch = [smallest(), smallest(status="payed"), 7, smallest()]
    first, wrong, nothing, last = read_purchases(json.dumps(batch).encode())
    assert (isinstance(first, Received), isinstance(last, Received)) == (True, True)
    assert isinstance(wrong, Refused)
    assert [problem["pointer"] for problem in wrong.problems] == ["/1/status"]
    assert wrong.named == {"transaction_id": "till1:4711"}
    assert isinstance(nothing, Refused)
    assert [problem["pointer"] for problem in nothing.problems] == ["/2"]


def test_a_batch_has_at_most_a_thousand():
    with pytest.raises(TooManyError):
        read_purchases(json.dumps([{}] * 1001).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_holds_no_purchase_at_all_is_refused(body):
    with pytest.raises(RefusedError):
        read_purchases(body)


@pytest.mark.parametrize("document", ["text", [1], 7, None])
def test_what_is_no_purchase_is_refused(document):
    assert "JSON object" in refused(document)[0]["detail"]


def test_an_envelope_must_be_ours():
    event = json.loads((GOLDEN / "envelope.json").read_text())
    event |= {
        "type": "com.example.sale",
        "subject": "till1:1",
        "stamgastrecordedat": 1,
        "Bad-Name": 1,
        "traceparent": "x",
    }
    del event["source"]
    assert {problem["pointer"] for problem in refused(event)} == {
        "/type",
        "/subject",
        "/stamgastrecordedat",
        "/Bad-Name",
        "/source",
    }


def test_an_envelope_tells_problems_inside_data():
    event = json.loads((GOLDEN / "envelope.json").read_text())
    event["data"]["status"] = "payed"
    assert refused(event)[0]["pointer"] == "/data/status"


def test_the_record_names_the_customer_by_id_alone():
    _, value = to_record(read(smallest()), "bakkerij-noord", "c" + "a" * 24, RECORDED_AT)
    record = json.loads(value)
    assert record["data"]["customer"] == {"customer_id": "c" + "a" * 24}
    assert record["stamgastrecordedat"] == RECORDED_AT
    assert record["partitionkey"] == "bakkerij-noord:till1:4711"
    assert b"0612345678" not in value


def test_the_record_does_not_depend_on_the_order_of_fields():
    document = smallest()
    turned = dict(reversed(list(document.items())))
    assert to_record(read(document), "m", None, 1)[1] == to_record(read(turned), "m", None, 1)[1]


@pytest.mark.parametrize(
    "moment", ["2027-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:12Z", "0001-01-01T00:00:00Z"]
)
def test_a_till_whose_clock_cannot_be_right_is_taken_at_our_time(moment):
    for document in (smallest(end_date_time=moment), json.loads((GOLDEN / "refund.json").read_text())):
        record = json.loads(to_record(read(document | {"end_date_time": moment}), "m", None, RECORDED_AT)[1])
        assert record["data"]["end_date_time"] == record["time"] == "2026-10-01T07:43:20Z"
        assert record["data"]["time_suspect"] is True


@pytest.mark.parametrize(("moment", "suspect"), [("2015-01-01T00:00:00Z", False), ("2014-12-31T23:59:59Z", True)])
def test_how_old_a_sale_may_be_is_the_programmes_to_say(moment, suspect):
    purchase, since = read(smallest(end_date_time=moment)), 1_420_070_400_000
    record = json.loads(to_record(purchase, "m", None, RECORDED_AT, earliest=since)[1])
    assert ("time_suspect" in record["data"], record["data"]["end_date_time"] == moment) == (suspect, not suspect)
