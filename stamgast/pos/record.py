"""A purchase as it stands on `purchases.v1`: the canonical record, without anything that names a person."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from stamgast.domain.purchase_record import EARLIEST, EPOCH, LARGEST_RECEIPT, Warned, can_be_right, millis_of
from stamgast.domain.units import Millis
from stamgast.pos.canonical import EVENT_TYPE, Refund
from stamgast.pos.plain_sale import PlainSale, Told, credited_to
from stamgast.pos.types import write_instant

_encode = msgspec.json.Encoder().encode


def to_record(
    purchase: Told,
    merchant: str,
    customer_id: str | None,
    recorded_at: Millis,
    *,
    earliest: Millis = EARLIEST,
    event_id: str = "",
    event_source: str = "",
) -> tuple[bytes, bytes]:
    """Kafka key and value of the record. `customer_id` is whom the purchase's `customer` was resolved to.

    Of the customer only that id goes to the topic: phone and membership number stay behind. The same purchase
    gives the same `data` bytes, whatever the order of fields it came in. A date before `earliest`, or one to come,
    cannot be right: the recorded time stands in its place.
    """
    moment = millis_of(purchase.end_date_time)
    data: Any
    if isinstance(purchase, PlainSale) and can_be_right(moment, recorded_at, earliest):
        data, time = credited_to(purchase, customer_id), write_instant(purchase.end_date_time)
    else:
        data = data_of(purchase)
        doubt_date(data, moment, recorded_at, earliest)
        time = data["end_date_time"]
        if customer_id is not None:
            data["customer"] = {"customer_id": customer_id}
    part = f":refund:{purchase.refund_id}" if isinstance(purchase, Refund) else ""
    key = key_of(merchant, purchase.transaction_id)
    value = {
        "specversion": "1.0",
        "id": event_id or f"{purchase.transaction_id}{part}:{purchase.source_version}",
        "source": event_source or f"/v1/merchants/{merchant}/purchases",
        "type": EVENT_TYPE,
        "subject": purchase.transaction_id,
        "time": time,
        "datacontenttype": "application/json",
        "partitionkey": key,
        "stamgastrecordedat": recorded_at,
        "data": data,
    }
    return key.encode(), _encode(value)


def with_warnings(value: bytes, warned: Sequence[Warned]) -> bytes:
    """The same record with what looks wrong about it; as it was where there is no room for that."""
    if not warned:
        return value
    written = _encode(msgspec.json.decode(value) | {"stamgastwarnings": warned})
    return written if len(written) <= LARGEST_RECEIPT else value


def key_of(merchant: str, transaction: str) -> str:
    """The Kafka key of a transaction's records, as text."""
    return f"{merchant}:{transaction}"


def data_of(purchase: Told) -> dict[str, Any]:
    """What a record says of it, but for its customer."""
    if isinstance(purchase, PlainSale):
        return dict(msgspec.to_builtins(credited_to(purchase, None)))
    return purchase.model_dump(mode="json", exclude_defaults=True, exclude={"customer"})


def doubt_date(data: dict[str, Any], moment: Millis, recorded_at: Millis, earliest: Millis) -> None:
    """Put the recorded time into a record's `data` where its own date, `moment`, cannot be right."""
    if not can_be_right(moment, recorded_at, earliest):
        instead = EPOCH + timedelta(milliseconds=recorded_at)
        data |= {"end_date_time": write_instant(instead), "time_suspect": True}
