"""When a sale took place, worked out again from its records alone, without the engine's code."""

from datetime import date, datetime
from typing import Any

_1990 = 631_152_000_000


def occurred(newest: dict[str, Any], snapshots: list[dict[str, Any]]) -> int:
    """Its date; one without any counts from when the first without any was recorded."""
    at = date_of(newest)
    return min(_received(each) for each in snapshots if date_of(each) is None) if at is None else at


def date_of(record: dict[str, Any]) -> int | None:
    """The date that a record says; None for one that cannot be right."""
    return None if record["data"].get("time_suspect") or not _is_possible(record) else _written(record)


def business_day_said(record: dict[str, Any]) -> int | None:
    """The day on which its till books it, in days since 1970; None if it says none that can be right."""
    said, moment = record["data"].get("business_day_date"), date_of(record)
    if said is None or moment is None:
        return None
    day = (date.fromisoformat(said) - date(1970, 1, 1)).days
    return day if abs(day - moment // 86_400_000) <= 2 else None


def _received(record: dict[str, Any]) -> int:
    recorded: int = record["stamgastrecordedat"]
    return _written(record) if _is_possible(record) else recorded


def _is_possible(record: dict[str, Any]) -> bool:
    return bool(_1990 <= _written(record) <= record["stamgastrecordedat"] + 5 * 60_000)


def _written(record: dict[str, Any]) -> int:
    moment = datetime.fromisoformat(record["data"]["end_date_time"])
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1000 + moment.microsecond // 1000
