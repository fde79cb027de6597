"""A purchase as it stands on `purchases.v1`: the canonical record, without anything that names a person."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from stamgast.domain.purchase_record import EARLIEST, EPOCH, LARGEST_RECEIPT, Warned, can_be_right, millis_of
from stamgast.domain.units import Millis
from stamgast.pos.canonical import EVENT_TYPE, Canonical, Refund
from stamgast.pos.types import write_instant

_encode = msgspec.json.Encoder().encode


def to_record(
    purchase: Canonical,
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
    data = _data_of(purchase, customer_id, recorded_at, earliest)
    part = f":refund:{purchase.refund_id}" if isinstance(purchase, Refund) else ""
    key = key_of(merchant, purchase.transaction_id)
    value = {
        "specversion": "1.0",
        "id": event_id or f"{purchase.transaction_id}{part}:{purchase.source_version}",
        "source": event_source or f"/v1/merchants/{merchant}/purchases",
        "type": EVENT_TYPE,
        "subject": purchase.transaction_id,
        "time": data["end_date_time"],
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


def _data_of(purchase: Canonical, customer_id: str | None, recorded_at: Millis, earliest: Millis) -> dict[str, Any]:
    data = purchase.model_dump(mode="json", exclude_defaults=True, exclude={"customer"})
    doubt_date(data, millis_of(purchase.end_date_time), recorded_at, earliest)
    if customer_id is not None:
        data["customer"] = {"customer_id": customer_id}
    return data


def doubt_date(data: dict[str, Any], moment: Millis, recorded_at: Millis, earliest: Millis) -> None:
    """Put the recorded time into a record's `data` where its own date, `moment`, cannot be right."""
    if not can_be_right(moment, recorded_at, earliest):
        instead = EPOCH + timedelta(milliseconds=recorded_at)
        data |= {"end_date_time": write_instant(instead), "time_suspect": True}
