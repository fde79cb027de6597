"""Adyen: items of notifications, each signed, that move money."""

import base64
import contextlib
import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings

from stamgast.pos.adapter import Found, SignatureError
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.adyen import Adyen
from tests.unit.pos.systems.till import (
    context_of,
    mutated,
    object_of,
    only,
    parsed,
    sample,
    samples_of,
    stumbles,
    vectors_of,
)

ADYEN = Adyen()
KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"


def item(code: str = "AUTHORISATION", **more) -> dict:
    return {"amount": {"currency": "EUR", "value": 1250}, "eventCode": code, "eventDate": "2026-10-01T09:42:10+02:00",
            "merchantAccountCode": "DokNoord", "merchantReference": "R-17", "pspReference": "PSP1", "paymentMethod": "visa",
            "success": "true", "additionalData": {"shopperReference": "S1", "PaymentAccountReference": "V00PAR"}} | more  # fmt: skip


def later(code: str, **more) -> dict:
    return item(code, pspReference="PSP2", originalReference="PSP1", additionalData={}) | more


def sent(*items: dict, live: str = "true") -> dict:
    return {"live": live, "notificationItems": [{"NotificationRequestItem": each} for each in items]}


def signed(body: dict) -> dict:
    names = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")
    text = ":".join([*(body.get(name, "") for name in names), str(body["amount"]["value"]), body["amount"]["currency"],
                     body["eventCode"], body["success"]])  # fmt: skip
    made = base64.b64encode(hmac.new(bytes.fromhex(KEY), text.encode(), hashlib.sha256).digest()).decode()
    return body | {"additionalData": body["additionalData"] | {"hmacSignature": made}}


@pytest.mark.parametrize(
    "vector", [each for each in vectors_of("adyen") if "item_file" in each["input"]], ids=lambda v: v["id"]
)
def test_the_published_items_are_signed(vector):
    body = sample(vector["input"]["item_file"].removeprefix("pos_samples/").removesuffix(".json"))
    for raw in (json.dumps(body), json.dumps(sent(body)), json.dumps(sent(body, body))):
        ADYEN.verify(raw.encode(), {}, "", ["00", vector["key"]], 0)
    for changed in (
        body | {"success": "false"},
        body | {"amount": {"value": 1, "currency": "EUR"}},
        body | {"additionalData": None},
    ):
        with pytest.raises(SignatureError):
            ADYEN.verify(json.dumps(sent(changed)).encode(), {}, "", [vector["key"]], 0)
    with pytest.raises(SignatureError):
        ADYEN.verify(json.dumps(sent(body, item())).encode(), {}, "", [vector["key"]], 0)
    with pytest.raises(SignatureError):
        ADYEN.verify(json.dumps(sent(body)).encode(), {}, "", ["no hexadecimal", KEY], 0)


def test_the_published_text_is_what_is_signed():
    [vector] = [each for each in vectors_of("adyen") if each["id"] == "adyen-item-ok"]
    psp, original, account, reference, value, currency, code, success = vector["input"]["string_to_sign"].split(":")
    body = {"pspReference": psp, "originalReference": original, "merchantAccountCode": account, "merchantReference": reference,
            "amount": {"value": int(value), "currency": currency}, "eventCode": code, "success": success,
            "additionalData": {"hmacSignature": vector["expected"]}}  # fmt: skip
    ADYEN.verify(json.dumps(sent(body)).encode(), {}, "", [vector["key"]], 0)
    [payload] = [each for each in vectors_of("adyen") if each["id"] == "adyen-payload-header-ok"]
    raw = payload["input"]["body"].encode()
    ADYEN.verify(raw, {"hmacsignature": payload["expected"]}, "", [payload["key"]], 0)
    with pytest.raises(SignatureError):
        ADYEN.verify(raw + b" ", {"hmacsignature": payload["expected"]}, "", [payload["key"]], 0)


@pytest.mark.parametrize(
    "raw", [b"", b"[", b"{}", b"[]", b"3", b'{"notificationItems": []}', b'{"notificationItems": [3]}', b"[" * 100_000]
)
def test_what_has_no_item_is_not_signed(raw):
    with pytest.raises(SignatureError):
        ADYEN.verify(raw, {}, "", [KEY], 0)


def test_a_signature_holds_for_text_that_is_not_ascii():
    raw = json.dumps(sent(signed(item(merchantReference="caf\u00e9"))), ensure_ascii=False).encode()
    ADYEN.verify(raw, {}, "", [KEY], 0)
    with pytest.raises(SignatureError):
        ADYEN.verify(
            json.dumps(sent(item() | {"additionalData": {"hmacSignature": "h\u00e9"}})).encode(), {}, "", [KEY], 0
        )


@pytest.mark.parametrize(
    ("name", "status", "transaction"),
    [("adyen_authorisation", "completed", "adyen:QFQTPCQ8HXSKGK82"), ("adyen_capture", "completed", "adyen:9913140798220028"),
     ("adyen_cancel_or_refund", "voided", "adyen:9913140798220028"), ("adyen_chargeback", "refund", "adyen:9913140798220028"),
     ("adyen_refund", None, None)],
)  # fmt: skip
def test_the_documented_notifications(name, status, transaction):
    documents = parsed(ADYEN, sample(name))
    assert [(each["status"], each["transaction_id"]) for each in documents] == (
        [(status, transaction)] if status else []
    )
    assert all(each["provenance"]["test"] and each["totals"]["gross_minor"] == 1000 for each in documents)


def test_an_authorisation_is_a_sale():
    document = only(ADYEN, sent(item()))
    assert document["totals"] == {"gross_minor": 1250, "paid_minor": 1250}
    assert document["customer"] == {"provider_customer_id": "adyen:S1"}
    assert document["tenders"] == [
        {"tender_id": "PSP1", "tender_type": "card", "amount_minor": 1250, "card_ref": "V00PAR"}
    ]
    assert (document["store"]["retail_store_id"], document["receipt_number"]) == ("DokNoord", "R-17")
    assert "test" not in document["provenance"]
    assert parsed(ADYEN, sent(item(success="false"))) == []
    [mapped] = ADYEN.snapshot(
        Found("notification_item", "", item(additionalData={"store": "S9"})), context_of(ADYEN, "A", S9="dok")
    )
    assert (mapped["store"]["retail_store_id"], mapped["transaction_id"]) == ("dok", "adyen:A:PSP1")
    assert object_of(ADYEN, "notification_item", item())[0]["status"] == "completed"


def test_what_is_undone_stands_above_what_was_sold_whenever_it_comes():
    [sale], [capture], [void] = (parsed(ADYEN, sent(each)) for each in (
        item(eventDate="2026-10-03T09:00:00+02:00"), later("CAPTURE", amount={"currency": "EUR", "value": 1000}), later("CANCELLATION")))  # fmt: skip
    assert len({each["transaction_id"] for each in (sale, capture, void)}) == 1
    assert (capture["totals"]["gross_minor"], void["status"]) == (1000, "voided")
    assert void["source_version"] > capture["source_version"] > sale["source_version"]


def test_refunds_that_fail_after_all_take_nothing():
    [back] = parsed(ADYEN, sent(later("REFUND", amount={"currency": "EUR", "value": 250})))
    assert (back["refund_id"], back["transaction_id"], back["totals"]["gross_minor"]) == ("PSP2", "adyen:PSP1", 250)
    for code in ("REFUND_FAILED", "REFUNDED_REVERSED", "CHARGEBACK_REVERSED"):
        [undone] = parsed(ADYEN, sent(later(code)))
        assert (undone["refund_id"], undone["totals"]["gross_minor"]) == ("PSP2", 0)
        assert undone["source_version"] > back["source_version"]
    [either] = parsed(ADYEN, sent(later("CANCEL_OR_REFUND", additionalData={"modification.action": "refund"})))
    assert either["status"] == "refund"


def test_a_sale_that_was_paid_in_parts_counts_once():
    more = {"order-1-pspReference": "A", "order-1-paymentAmount": "EUR 5.00", "order-1-paymentMethod": "givex",
            "order-2-pspReference": "B", "order-2-paymentAmount": "EUR 7.50", "order-2-paymentMethod": "visa"}  # fmt: skip
    first, second = parsed(ADYEN, sent(item("ORDER_CLOSED", additionalData=more)))
    assert (first["transaction_id"], first["status"], first["totals"]["gross_minor"]) == ("adyen:A", "completed", 1250)
    assert [(each["tender_type"], each["amount_minor"]) for each in first["tenders"]] == [
        ("gift_card", 500),
        ("card", 750),
    ]
    assert (second["transaction_id"], second["status"], second["totals"]["gross_minor"]) == ("adyen:B", "voided", 750)
    assert second["source_version"] > only(ADYEN, sent(item(pspReference="B")))["source_version"]
    failed = parsed(ADYEN, sent(item("ORDER_CLOSED", success="false", additionalData=more)))
    assert {each["status"] for each in failed} == {"voided"}


@pytest.mark.parametrize(
    ("code", "value", "minor"), [("JPY", 1250, 1250), ("KWD", 1250, 1250), ("IDR", 1250, 125000), ("ISK", 125000, 1250)]
)
def test_adyens_units_become_those_of_the_currency(code, value, minor):
    assert only(ADYEN, sent(item(amount={"currency": code, "value": value})))["totals"]["gross_minor"] == minor


def test_a_batch_is_read_item_by_item_and_answered():
    documents = parsed(
        ADYEN, sent(item(), item("REPORT_AVAILABLE"), item("NOTIFICATION_OF_CHARGEBACK"), later("REFUND"))
    )
    assert [each["status"] for each in documents] == ["completed", "refund"]
    assert ADYEN.answer({}).text == "[accepted]"
    assert ADYEN.delivery_id({}, sent(item())) == "PSP1:AUTHORISATION:true"
    assert ADYEN.delivery_id({}, []) == ""
    assert parsed(ADYEN, {"type": "merchant.created", "data": {}}) == []


@pytest.mark.parametrize("body", [[], "x", None, {}, {"foo": 1}, {"notificationItems": 3}, sent(item(amount=None)), sent(item(eventDate="now")),
                                  sent(item(amount={"currency": "EUR", "value": 1.5})), sent(later("REFUND", originalReference=None)),
                                  sent(item(pspReference=None)), sent(item(eventCode=7.5))])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(body):
    with pytest.raises(RefusedError) as refused:
        parsed(ADYEN, body)
    assert refused.value.problems


BODIES = [sample(name) for name in samples_of("adyen")] + [
    sent(
        item("ORDER_CLOSED", additionalData={"order-1-pspReference": "A", "order-1-paymentAmount": "EUR 5.00"}),
        later("REFUND"),
    )
]


@settings(max_examples=400, deadline=None)
@given(mutated(BODIES))
def test_whatever_is_sent_is_read_or_refused(body):
    stumbles(ADYEN, body)
    with contextlib.suppress(SignatureError):
        ADYEN.verify(json.dumps(body).encode(), {}, "", [KEY], 0)
