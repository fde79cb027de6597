"""The recipes in docs/pos/recipes, each on a body of its system's shape."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stamgast.pos.adapter import SignatureError
from stamgast.pos.connections import read_connection
from stamgast.pos.delivery import desk_context, guess
from stamgast.pos.generic.adapter import MappedTill
from stamgast.pos.generic.trial import Trial, try_mapping
from stamgast.pos.mapping import Mapping
from stamgast.pos.problems import RefusedError
from tests.builders import sure
from tests.unit.pos.systems.till import decoded, mutated

RECIPES = Path(__file__).parents[4] / "docs" / "pos" / "recipes"

DAY = (
    "Bon;Datum;Tijd;Kassa;Artikel;Omschrijving;Groep;Aantal;Bedrag;BTW;Klant\r\n"
    "1001;01-10-2026;09:42;1;BR1;Bruin brood;brood;1;3,20;6;K77\r\n"
    '1001;01-10-2026;09:42;1;KR2;"Crème; vers";zoet;0,348;1.004,10;6;K77\r\n'
    "1002;25-10-2026;02:30;1;BR1;Bruin brood;brood;-1;-3,20;6;\r\n"
).encode("cp1252")

TOAST: dict[str, Any] = {
    "timestamp": "2026-06-05T23:00:00.000Z",
    "eventType": "order_updated",
    "guid": "e-1",
    "details": {
        "restaurantGuid": "r-1",
        "order": {
            "guid": "o-1",
            "modifiedDate": "2026-06-05T22:59:58.000+0000",
            "closedDate": "2026-06-05T22:59:50.000+0000",
            "voided": False,
            "checks": [
                {
                    "paymentStatus": "CLOSED",
                    "taxAmount": 1.1,
                    "totalAmount": 12.1,
                    "payments": [{"tipAmount": 2}],
                    "selections": [
                        {"guid": "s-1", "displayName": "Stew", "quantity": 1, "price": 11, "tax": 1.1, "voided": False},
                        {"guid": "s-2", "displayName": "Beer", "quantity": 1, "price": 5, "voided": True},
                    ],
                }
            ],
        },
    },
}

STAMP = {"year": 2026, "mon": 10, "day": 1, "hour": 9, "min": 42, "sec": 7}
LINE = {"lineId": "1", "articleNumber": "7", "text": "Kaas", "amount": 348, "decimalPlaces": 3}
MPLUS = {
    "receiptList": {
        "receipt": [
            {
                "receiptId": 31, "receiptType": "RECEIPT", "syncMarker": 9, "entryTimestamp": STAMP, "branchNumber": 2,
                "terminalNumber": 1, "totalInclAmount": 640, "relationNumber": 55,
                "lineList": {"line": [LINE | {"totalInclAmount": 640, "purchasePrice": 310}]},
            },
            {
                "receiptId": 32, "receiptType": "CREDIT-RECEIPT", "creditedReceiptId": 31, "syncMarker": 10,
                "entryTimestamp": STAMP, "branchNumber": 2, "totalInclAmount": -640,
                "lineList": {"line": [LINE | {"amount": -348, "totalInclAmount": -640}]},
            },
            {"receiptId": 33, "receiptType": "CASH-INFLOW"},
        ]
    }
}  # fmt: skip

DELIVERECT: dict[str, Any] = {
    "_id": "d-1", "orderId": "o-9", "channelOrderDisplayId": "#12", "_updated": "2026-10-01T10:00:00.000000Z",
    "status": 90, "location": "loc-1", "payment": {"amount": 2350}, "tip": 100, "discountTotal": -50,
    "customer": {"phoneNumber": "+32470000000"},
    "items": [{"plu": "P1", "name": "Friet", "price": 450, "quantity": 5, "total": 2250}],
}  # fmt: skip


def tried(recipe: str, body: Any) -> Trial:
    connection, problems = read_connection(RECIPES / f"{recipe}.yaml", "desk", None, ())
    assert problems == []
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    context = desk_context("generic", account=sure(connection).account, zone="Europe/Brussels")
    mapping = Mapping.model_validate(sure(connection).mapping)
    return try_mapping(mapping, raw, {"content-type": guess(raw)}, context)


def test_every_recipe_is_tried_here():
    assert sorted(each.stem for each in RECIPES.glob("*.yaml")) == [
        "cash-register-csv", "deliverect", "mpluskassa", "toast",
    ]  # fmt: skip


def test_a_plain_cash_registers_day():
    trial = tried("cash-register-csv", DAY)
    assert list(trial.problems) == []
    first, second = trial.documents
    assert first["transaction_id"] == "till-1:1001"
    assert first["end_date_time"] == "2026-10-01T07:42:00Z"
    assert first["totals"] == {"gross_minor": 100_730}
    assert first["customer"] == {"membership_number": "K77"}
    assert [each["quantity"] for each in first["line_items"]] == ["1", "0.348"]
    assert first["line_items"][1]["name"] == "Crème; vers"
    assert (second["totals"], second["line_items"][0]["quantity"]) == ({"gross_minor": -320}, "-1")
    assert "customer" not in second
    assert trial.notes == ["source_version is not named: a change of a sale, told again, is taken for a repeat of it"]


def test_toast_counts_no_tip_and_no_line_that_was_voided():
    [order] = tried("toast", TOAST).documents
    assert order["totals"] == {"gross_minor": 1210, "tax_minor": 110, "tip_minor": 200}
    assert [each["line_id"] for each in order["line_items"]] == ["s-1"]
    assert (order["status"], order["store"]) == ("completed", {"retail_store_id": "r-1"})
    voided = json.loads(json.dumps(TOAST))
    voided["details"]["order"]["voided"] = True
    assert tried("toast", voided).documents[0]["status"] == "voided"
    assert tried("toast", TOAST | {"eventType": "menu_updated"}).others == 1


def test_a_mpluskassa_credit_receipt_is_a_refund_of_its_receipt():
    trial = tried("mpluskassa", MPLUS)
    assert list(trial.problems) == []
    sale, refund = trial.documents
    assert sale["line_items"][0]["quantity"] == "0.348"
    assert (sale["end_date_time"], sale["source_version"]) == ("2026-10-01T07:42:07Z", 9)
    assert refund["status"] == "refund"
    assert (refund["transaction_id"], refund["refund_id"]) == ("mplus:31", "32")
    assert (refund["totals"], refund["line_items"][0]["quantity"]) == ({"gross_minor": 640}, "0.348")
    assert trial.others == 1


def test_deliverects_paid_total_stands_beside_what_was_bought():
    [order] = tried("deliverect", DELIVERECT).documents
    assert order["totals"] == {"gross_minor": 2250, "discount_minor": 50, "tip_minor": 100, "paid_minor": 2350}
    assert order["customer"] == {"phone": "+32470000000"}


def test_what_nobody_looks_at_is_listed():
    item = {**DELIVERECT["items"][0], "vat": 6}
    trial = tried("deliverect", DELIVERECT | {"courier": {"name": "Ann"}, "items": [item]})
    assert list(trial.unused) == ["$['courier']['name']", "$['items'][*]['vat']"]


def test_toasts_signature_is_that_of_the_derived_vector():
    connection, _ = read_connection(RECIPES / "toast.yaml", "desk", None, ())
    till = MappedTill(Mapping.model_validate(sure(connection).mapping))
    raw, at = b'{"eventType":"order_updated"}', 1_780_700_400_000
    headers = {
        "toast-signature": "IsLBmh5OCxujY5TMYmp80W6475jjBH9uF3MVnDOAaJc=",
        "toast-timestamp": "2026-06-05T23:00:00.000Z",
    }
    till.verify(raw, headers, "", ["old", "toast-secret"], at)
    for wrong in (
        lambda: till.verify(raw + b" ", headers, "", ["toast-secret"], at),
        lambda: till.verify(raw, headers, "", ["old"], at),
        lambda: till.verify(raw, {}, "", ["toast-secret"], at),
        lambda: till.verify(raw, headers | {"toast-signature": "ü"}, "", ["toast-secret"], at),
        lambda: till.verify(raw, headers | {"toast-timestamp": "never"}, "", ["toast-secret"], at),
        lambda: till.verify(raw, headers, "", ["toast-secret"], at + 301_000),
        lambda: till.verify(raw, headers, "", ["toast-secret"], at - 301_000),
    ):
        with pytest.raises(SignatureError):
            wrong()


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1e300,
    "",
    "x" * 5_000,
    "2026-02-30T25:61:00Z",
    "ü\ud800",
    [],
    {},
    [[[]]],
    {"a": {}},
)


@pytest.mark.parametrize(("recipe", "body"), [("toast", TOAST), ("mpluskassa", MPLUS), ("deliverect", DELIVERECT)])
def test_whatever_stands_in_any_place_of_a_body_it_is_an_answer(recipe: str, body: Any):
    connection, _ = read_connection(RECIPES / f"{recipe}.yaml", "desk", None, ())
    till = MappedTill(Mapping.model_validate(sure(connection).mapping))
    context, tried_so_far = desk_context("generic"), 0
    for spoiled in spoilt(body):
        tried_so_far += 1
        try:
            found = till.refs(spoiled)
            till.delivery_id({}, spoiled)
        except RefusedError:
            continue
        for each in found:
            with contextlib.suppress(RefusedError):
                till.snapshot(each, context)
    assert tried_so_far > 200


def spoilt(value: Any) -> Iterator[Any]:
    """The document with each of its places replaced by each odd thing, and with each key taken away."""
    yield from ODD
    if isinstance(value, dict):
        for name in value:
            yield {key: inner for key, inner in value.items() if key != name}
            yield from (value | {name: inner} for inner in spoilt(value[name]))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from ([*value[:number], inner, *value[number + 1 :]] for inner in spoilt(each))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(recipe=st.sampled_from(["toast", "mpluskassa", "deliverect"]), data=st.data())
def test_whatever_comes_is_read_or_refused(recipe: str, data: st.DataObject):
    bodies = {"toast": TOAST, "mpluskassa": MPLUS, "deliverect": DELIVERECT}
    body = decoded(data.draw(mutated([bodies[recipe]])))
    connection, _ = read_connection(RECIPES / f"{recipe}.yaml", "desk", None, ())
    till = MappedTill(Mapping.model_validate(sure(connection).mapping))

    with contextlib.suppress(RefusedError):  # nothing guards it here: any other error is ours
        for found in till.notice(body, {}):
            with contextlib.suppress(RefusedError):
                till.snapshot(found, desk_context("generic"))
