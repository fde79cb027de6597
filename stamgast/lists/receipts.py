"""Rows of a list of purchases -> receipts as a till would tell them: one with each row's line, or a refund of it.

Rows with one `transaction` are one receipt; without that column each row is one. What is below zero is a line of its
receipt, or on a later day a refund of it; a receipt with nothing else is a return, of `refund_of` if it says so.
Each gets the same id whenever the list is read, so that a list that comes in twice doubles nothing.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from stamgast.domain.program import Program
from stamgast.domain.purchase_record import EPOCH as EPOCH_TIME
from stamgast.domain.units import DAY, Millis, Minor
from stamgast.identity.phones import BadPhoneError, normalise_phone
from stamgast.identity.spreadsheets import is_rounded
from stamgast.lists.survey import Survey
from stamgast.pos.types import write_instant
from stamgast.sheets.cells import cut_short, is_of_totals, wrong_cells
from stamgast.sheets.dates import EPOCH
from stamgast.sheets.lines import BadRow, Row
from stamgast.sheets.moments import Moment, read_written
from stamgast.sheets.money import read_money, read_quantity

_OUR_ID: Final = re.compile(r"c[a-z2-7]{24}")
_NOWHERE: Final = "import"
"""The store of a list that names none, of a merchant with several."""
_MOST_HELD: Final = 2_000
"""Rows of one receipt: it has no more lines."""
_ADAPTER: Final = "import"


class Rejected(NamedTuple):
    """A row that is not taken in, and why."""

    line: int
    reason: str


class Draft(NamedTuple):
    """A receipt, or a refund, as the contract has it; `lines` are the rows that it is made of."""

    lines: tuple[int, ...]
    document: dict[str, Any]


class _Sold(NamedTuple):
    """What one row says."""

    line: int
    moment: Moment
    amount: Minor
    currency: str
    store: str
    who: tuple[tuple[str, str], ...]
    words: dict[str, Any]


def why_rejected(row: Row | BadRow, why: str) -> str:
    """The reason, without its middle if that is long; of a row that sums up the others, that it is one."""
    if isinstance(row, Row) and is_of_totals(row.cells):
        return "this is a row of totals: the rows above it are what was bought"
    return cut_short(why.removeprefix(f"line {row.line} "))


class _RowError(ValueError):
    """A row that cannot be read; the text says why."""


Unit = Sequence[Row | BadRow]
"""The rows of one receipt, or a row that cannot be read."""


@dataclass
class Receipts:
    """Reads a list's rows. `key` makes ids of rows that have none: nobody can tell from them who bought."""

    survey: Survey
    program: Program
    key: bytes
    history: bool = True
    at: Millis = 0
    """Now: history is not ahead of it. 0: nobody says."""

    def __post_init__(self) -> None:
        self._alike: dict[bytes, int] = {}
        self._others = sorted(self.program.stores)

    def units(self) -> Iterator[Unit]:
        """Receipts in the order in which the last of their rows stands."""
        if "transaction" not in self.survey.columns.places:
            yield from ([row] for row in self.survey.all_rows())
            return
        left, held = dict(self.survey.scattered), dict[str, list[Row | BadRow]]()
        now, together = "", list[Row | BadRow]()
        for row in self.survey.all_rows():
            name = self.survey.cell(row, "transaction") if isinstance(row, Row) else ""
            if together and name != now:
                yield together
                together = []
            now = name
            if isinstance(row, BadRow) or not name:
                yield [row]
            elif name in left:
                held.setdefault(name, []).append(row)
                left[name] -= 1
                if not left[name]:
                    yield held.pop(name)
            else:
                together.append(row)
        if together:
            yield together
        yield from held.values()

    def read(self, unit: Unit) -> list[Draft | Rejected]:
        """What a receipt's rows mean. One that cannot be read takes its receipt with it."""
        sold, wrong = [], []
        for row in unit:
            try:
                sold.append(self._read_row(row))
            except _RowError as error:
                wrong.append(Rejected(row.line, why_rejected(row, str(error))))
        if not wrong and len(unit) > _MOST_HELD:
            wrong = [Rejected(sold[0].line, f"its receipt has {len(unit):,} rows; at most {_MOST_HELD:,}")]
        if not wrong and (other := next((each for each in sold if each.currency != sold[0].currency), None)):
            wrong = [Rejected(other.line, f"is in {other.currency}, and its receipt in {sold[0].currency}")]
        if wrong:
            told = {each.line for each in wrong}
            reason = f"line {wrong[0].line} of its receipt cannot be taken"
            return [*wrong, *(Rejected(row.line, reason) for row in unit if row.line not in told)]
        return self._drafts(unit, sold) if sold else []

    def _read_row(self, row: Row | BadRow) -> _Sold:
        if isinstance(row, BadRow):
            raise _RowError(row.why)
        cell, by_semicolons = self.survey.cell, self.survey.parted_by == ";"
        if wrong := wrong_cells(row.line, row.cells, self.survey.width, by_semicolons=by_semicolons):
            raise _RowError(wrong)
        currency = cell(row, "currency").upper() or self.program.currency
        store = cell(row, "store") or (self._others[0] if len(self._others) == 1 else _NOWHERE)
        moment = self._when(row, store)
        amount = self._read(row, "amount", lambda text: read_money(text, currency, self.survey.mark))
        words: dict[str, Any] = {"quantity": "1"}
        if text := cell(row, "quantity"):
            words["quantity"] = self._read(row, "quantity", lambda each: read_quantity(each, self.survey.mark))
        if cell(row, "cost"):
            words["cost_minor"] = self._read(row, "cost", lambda each: read_money(each, currency, self.survey.mark))
        for column, name in (("product", "sku"), ("category", "category"), ("description", "name")):
            if text := cell(row, column):
                words[name] = text
        if text := cell(row, "tax_rate"):
            words["tax_rate"] = text.rstrip("% ").replace(",", ".")
        return _Sold(row.line, moment, amount, currency, store, self._who(row), words)

    def _read(self, row: Row, column: str, reading: Any) -> Any:
        text = self.survey.cell(row, column)
        if not text:
            raise _RowError(f"there is no {column}")
        try:
            return reading(text)
        except ValueError as error:
            raise _RowError(f"{column}: {text!r} {error}") from None

    def _when(self, row: Row, store: str) -> Moment:
        known = self.program.stores.get(store)
        zone = self.program.time_zone if known is None else known.time_zone
        time = self.survey.cell(row, "time")
        moment: Moment = self._read(
            row, "date", lambda text: read_written(f"{text} {time}".strip(), self.survey.order, zone)
        )
        if self.history and self.at and moment.at > self.at + DAY:
            raise _RowError(f"date: {self.survey.cell(row, 'date')!r} lies ahead")
        return moment

    def _who(self, row: Row) -> tuple[tuple[str, str], ...]:
        """By what the customer is named; `customer` is our id or a phone where it is one, else a membership number."""
        cell = self.survey.cell
        found = {
            name: text for name in ("phone", "membership_number", "provider_customer_id") if (text := cell(row, name))
        }
        text = cell(row, "customer")
        if _OUR_ID.fullmatch(text):
            found["customer_id"] = text
        elif text:
            if is_rounded(text):
                raise _RowError(f"customer: {text!r} is a number that a spreadsheet rounded; format the column as text")
            try:
                normalise_phone(text, self.program.home)
                is_phone = text.lstrip("('\"").startswith(("+", "0"))
            except BadPhoneError:
                is_phone = False
            found.setdefault("phone" if is_phone else "membership_number", text)
        return tuple(sorted(found.items()))

    def _drafts(self, unit: Unit, sold: list[_Sold]) -> list[Draft | Rejected]:
        first = next((each for each in sold if each.amount >= 0), None)
        row = unit[0]
        name = self.survey.cell(row, "transaction") if isinstance(row, Row) else ""
        version = self.survey.cell(row, "version") if isinstance(row, Row) else ""
        if version and not (version.isascii() and version.isdecimal() and len(version) <= 18):
            return [Rejected(each.line, f"version: {version!r} is no whole number") for each in sold]
        of = self.survey.cell(row, "refund_of") if isinstance(row, Row) else ""
        name = name or self._made_up(sold[0])
        if first is None:
            return [self._return(name, of, sold, int(version or 1))]
        back = [each for each in sold if each.amount < 0 and each.moment.day > first.moment.day]
        whole = [each for each in sold if each not in back]
        found: list[Draft | Rejected] = [self._receipt(name, whole, int(version or 1))]
        days = sorted({each.moment.day for each in back})
        found += [self._refund(name, [each for each in back if each.moment.day == day]) for day in days]
        return found

    def _receipt(self, name: str, sold: Sequence[_Sold], version: int) -> Draft:
        lines = [
            {"line_id": str(number), "gross_minor": each.amount, **each.words}
            | ({"kind": "return"} if each.words["quantity"].startswith("-") else {})
            for number, each in enumerate(sold, 1)
        ]
        document = {
            "transaction_id": name,
            "source_version": version,
            "status": "completed",
            **_moment(sold[0].moment),
            "store": {"retail_store_id": sold[0].store},
            "price_currency": sold[0].currency,
            "totals": {"gross_minor": sum(each.amount for each in sold)},
            "line_items": lines,
            "provenance": self._provenance(),
        }
        if who := next((each.who for each in sold if each.who), ()):
            document["customer"] = dict(who)
        return Draft(tuple(each.line for each in sold), document)

    def _refund(self, name: str, back: Sequence[_Sold]) -> Draft:
        """What came back on a later day; the list does not say of which lines it was."""
        day = date.fromordinal(back[0].moment.day + EPOCH).isoformat()
        document = {
            "transaction_id": name,
            "refund_id": f"{name}:{day}"[:200],
            "source_version": 1,
            "status": "refund",
            "end_date_time": _written(back[0].moment.at),
            "store": {"retail_store_id": back[0].store},
            "price_currency": back[0].currency,
            "totals": {"gross_minor": -sum(each.amount for each in back)},
            "provenance": self._provenance(),
        }
        return Draft(tuple(each.line for each in back), document)

    def _return(self, name: str, of: str, sold: Sequence[_Sold], version: int) -> Draft:
        """All of it came back: a refund of the receipt that it names, else it lowers what its customer has spent."""
        if of:
            draft = self._refund(of, sold)
            return Draft(draft.lines, draft.document | {"refund_id": name})
        draft = self._receipt(f"{name}:return"[-200:], sold, version)
        for line in draft.document["line_items"]:
            line["kind"] = "return"
        return Draft(draft.lines, draft.document | {"transaction_link": {"relation": "return_of", "linked": False}})

    def _provenance(self) -> dict[str, Any]:
        return {"adapter": _ADAPTER} | ({"history": True} if self.history else {})

    def _made_up(self, sold: _Sold) -> str:
        """An id of what the row says; of rows that say the same, each has its number."""
        words = (sold.currency, sold.store, sold.words.get("sku", ""), sold.words.get("category", ""))
        who = (part for pair in sold.who for part in pair)
        said = "\x1f".join((*who, str(sold.moment.at), str(sold.amount), *words))
        made = hmac.digest(self.key, said.encode(), "sha256")[:15]
        number = self._alike[made] = self._alike.get(made, 0) + 1
        return f"list:{made.hex()}:{number}"


def _moment(moment: Moment) -> dict[str, str]:
    told = {"end_date_time": _written(moment.at)}
    if not moment.timed:
        told["business_day_date"] = date.fromordinal(moment.day + EPOCH).isoformat()
    return told


def _written(at: Millis) -> str:
    return write_instant(EPOCH_TIME + timedelta(milliseconds=at))
