"""Rows of a list as they are understood, for a person to look at before all of them are sent."""

from __future__ import annotations

from typing import Any

from stamgast.domain.counting import so_many
from stamgast.domain.currencies import format_money
from stamgast.lists.columns import meant
from stamgast.lists.members import Member
from stamgast.lists.receipts import Draft, Rejected
from stamgast.lists.survey import Survey

_MOST_NAMES = 20
_PARTS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "vertical bars"}


def notes_on(survey: Survey) -> list[str]:
    """What was found out about the list."""
    headings = survey.columns.headings.items()
    columns = ", ".join(f"{theirs!r} is {ours}" for ours, theirs in headings if ours != theirs.lower())
    found = [f"columns are parted by {_PARTS.get(survey.parted_by, survey.parted_by)}"]
    if columns:
        found.append(columns)
    if survey.constants:
        found.append(f"of all rows: {', '.join(f'{name} {value!r}' for name, value in survey.constants.items())}")
    if survey.skipped > 1:
        found.append(f"the heading is in line {survey.skipped:,}")
    if survey.order:
        found.append(f"dates: {survey.order.value}")
    if survey.mark:
        found.append(f"decimals stand behind a {'comma' if survey.mark == ',' else 'point'}")
    if survey.windows:
        found.append("it has bytes that are no UTF-8: they are read as Windows-1252")
    if survey.scattered:
        several = so_many(len(survey.scattered), "receipt has", "receipts have")
        found.append(f"{several} rows in more than one place: these are put together")
    if unread := list(survey.columns.unread):
        more = f" and {len(unread) - _MOST_NAMES:,} more" if len(unread) > _MOST_NAMES else ""
        named = (f"{each}{_perhaps(each, survey)}" for each in unread[:_MOST_NAMES])
        found.append(f"not read: {', '.join(named)}{more}")
    return found


def _perhaps(name: str, survey: Survey) -> str:
    """What a column that is not read was meant to be, where that is near and no other column is it."""
    near = meant(name, survey.columns.kind)
    return f" (did you mean {near}?)" if near and near not in survey.columns.places else ""


def in_one_line(each: Draft | Member | Rejected) -> str:
    """A receipt, somebody, or a row that is rejected; of a phone the last three digits."""
    if isinstance(each, Rejected):
        return f"line {each.line}: REJECTED: {each.reason}"
    return " ".join((_person(each) if isinstance(each, Member) else _receipt(each)).split("\n"))


def _receipt(draft: Draft) -> str:
    document = draft.document
    who = document.get("customer", {})
    lines = document.get("line_items", [])
    told = [
        document["end_date_time"],
        document["store"]["retail_store_id"],
        _money(document),
        f"{len(lines)} lines" if len(lines) != 1 else str(lines[0].get("sku") or lines[0].get("name") or "1 line"),
        ", ".join(f"{name} {_masked(name, text)}" for name, text in who.items()) or "nobody known",
    ]
    if "refund_id" in document:
        told.insert(0, f"refund of {document['transaction_id']}")
    return f"line {draft.lines[0]}: " + "  ".join(told)


def _money(document: dict[str, Any]) -> str:
    try:
        return format_money(document["totals"]["gross_minor"], document["price_currency"])
    except KeyError:  # no currency: it is rejected when it is sent
        return f"{document['totals']['gross_minor']} {document['price_currency']}"


def _person(member: Member) -> str:
    given = member.given.model_dump(exclude_defaults=True, exclude={"consents"})
    told = [f"{name} {_masked(name, str(value))}" for name, value in given.items()]
    told += [f"{'yes' if each.granted else 'no'} to {each.purpose} by {each.channel}" for each in member.given.consents]
    if member.opted_out:
        told.append("STOP")
    return f"line {member.line}: " + ", ".join(told)


def _masked(name: str, text: str) -> str:
    return f"…{''.join(text.split())[-3:]}" if name == "phone" else text
