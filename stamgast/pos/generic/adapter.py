"""A mapping as a system of tills: one instance for each mapping, and the same answers as any other adapter's."""

import base64
import csv
import hashlib
import hmac
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from stamgast.domain.units import Millis
from stamgast.pos.adapter import Adapter, Capabilities, Context, Document, Found, Headers, Need, SignatureError
from stamgast.pos.generic.values import (
    MissingError,
    UnfitError,
    find_all,
    fits,
    minor_of,
    moment_of,
    quantity_of,
    text_of,
    truth_of,
    version_of,
    word_of,
)
from stamgast.pos.mapping import LINE_KINDS, STATUSES, TENDER_TYPES, Lines, Mapping, Pick, Tenders
from stamgast.pos.problems import Problem, RefusedError, UnreadableError

NAME: Final = "generic"
_MOST_ROWS: Final = 100_000
_SALE: Final = "item"

Note = Callable[[str, Pick, Any, Any, str], None]
"""Told of each field: its name, its pick, in what it was looked for, what it came to, and what is wrong with that."""


class MappedTill(Adapter):
    """Needs from the shop: a mapping in the connection's file, and under `webhook` what its webhooks are signed with.

    Where the mapping says `signature: {scheme: address}`, the secret address alone proves who calls.
    """

    name = NAME
    capabilities = Capabilities(signed=True, knows_customer=True)
    kinds = (_SALE,)

    def __init__(self, mapping: Mapping, note: Note | None = None) -> None:
        self._mapping = mapping
        self._note = note
        self.by_address = mapping.signature.scheme == "address"
        account = Need("account", "what goes before its transactions' ids", secret=False, optional=True)
        secret = Need("webhook", "the secret that its webhooks are signed with")
        self.needs = (account,) if self.by_address else (account, secret)

    def decode(self, raw: bytes, headers: Headers) -> Any:  # noqa: ARG002
        """Rows of a CSV; JSON and forms are read as ever."""
        return read_csv(raw, self._mapping) if self._mapping.format == "csv" else None

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:
        """Check what the mapping says is signed."""
        how = self._mapping.signature
        given = headers.get(how.header.lower(), "").strip()
        if not given.startswith(how.prefix) or not given:
            raise SignatureError("there is no signature")
        given = given[len(how.prefix) :]
        timestamp = headers.get(how.timestamp_header.lower(), "") if how.timestamp_header else ""
        if how.timestamp_header and abs(now - _millis(timestamp)) > how.tolerance_seconds * 1_000:
            raise SignatureError("it was signed too long ago, or in the future")
        if how.scheme == "token":
            made: list[str] = list(secrets)
        else:
            told = _signed(how.signed, raw, timestamp, url)
            made = [_mac(secret, told, how.scheme, how.encoding) for secret in secrets]
        if not any(hmac.compare_digest(each.encode(), given.encode(errors="replace")) for each in made):
            raise SignatureError("none of the secrets has signed it")

    def delivery_id(self, headers: Headers, body: Any) -> str:
        """What the mapping says that a delivery is called."""
        where = self._mapping.delivery_id
        if where.startswith("header:"):
            return headers.get(where.removeprefix("header:").strip().lower(), "")
        found = next(iter(find_all(where, body)), "") if where else ""
        return str(found) if isinstance(found, str | int) else ""

    def refs(self, body: Any) -> Sequence[Found]:
        """The items that are purchases, each whole."""
        items = find_all(self._mapping.items, body)
        if len(items) == 1 and isinstance(items[0], list):
            items = items[0]
        if not items:
            path = self._mapping.items
            raise RefusedError([{"pointer": "/items", "detail": f"{path} finds nothing in the body"}])
        return [Found(_SALE, str(number), each) for number, each in enumerate(items) if fits(self._mapping.only, each)]

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """One purchase or refund. Raises `RefusedError` with every field that is missing or unfit."""
        reading = _Reading(self._mapping, found.content, context, self._note)
        document = reading.document()
        if reading.problems:
            raise RefusedError(reading.problems)
        return [document]


class _Reading:
    """One item, read field by field; what is wrong with any of them is told of all."""

    def __init__(self, mapping: Mapping, item: Any, context: Context, note: Note | None) -> None:
        self._mapping = mapping
        self._item = item
        self._context = context
        self._note = note
        self.problems: list[Problem] = []

    def document(self) -> Document:
        mapping, program, item = self._mapping, self._context.program, self._item
        currency = self._one("currency", mapping.currency, item, text_of) or program.currency
        zone = program.time_zone
        found: Document = {
            "end_date_time": self._one("end_date_time", mapping.end_date_time, item, moment_of, zone),
            "price_currency": currency,
        }
        version = self._one("source_version", mapping.source_version, item, version_of, zone)
        found["source_version"] = _micros(found["end_date_time"]) if version is None else version
        store = self._one("store", mapping.store, item, text_of)
        workstation = self._one("workstation", mapping.workstation, item, text_of)
        found["store"] = _given(
            retail_store_id=self._context.store_of(store) if store else store, workstation_id=workstation
        )
        if test := self._one("test", mapping.test, item, truth_of):
            found["provenance"] = {"test": test}
        lines = [] if mapping.lines is None else list(self._lines(mapping.lines, currency))
        found["totals"] = self._totals(currency, lines)
        if mapping.refunds is not None and fits(mapping.refunds.when, item):
            return found | self._refund(lines)
        return found | self._purchase(lines, currency)

    def _purchase(self, lines: list[Document], currency: str) -> Document:
        mapping, item = self._mapping, self._item
        status = self._one("status", mapping.status, item, word_of, STATUSES) or "completed"
        found = {"transaction_id": self._id("transaction_id", mapping.transaction_id), "status": status}
        found |= _given(
            receipt_number=self._one("receipt_number", mapping.receipt_number, item, text_of),
            business_day_date=self._one("business_day", mapping.business_day, item, text_of),
        )
        if mapping.customer is not None:
            picks = mapping.customer
            names = ("phone", "membership_number", "provider_customer_id")
            read = {name: self._one(f"customer/{name}", getattr(picks, name), item, text_of) for name in names}
            customer = _given(**read)
            found |= {"customer": customer} if customer else {}
        if mapping.tenders is not None:
            found["tenders"] = list(self._tenders(mapping.tenders, currency))
        return found | ({"line_items": lines} if lines else {})

    def _refund(self, lines: list[Document]) -> Document:
        refunds = self._mapping.refunds
        assert refunds is not None  # noqa: S101  asked before
        found: Document = {
            "status": "refund",
            "transaction_id": self._id("refunds/of", refunds.of),
            "refund_id": self._one("refunds/refund_id", refunds.refund_id, self._item, text_of),
        }
        given = [
            _given(
                original_line_id=each.get("original_line_id") or each["line_id"],
                quantity=each.get("quantity", "1").removeprefix("-"),
                gross_minor=abs(each.get("gross_minor") or 0),
            )
            for each in lines
        ]
        return found | ({"line_items": given} if given else {})

    def _totals(self, currency: str, lines: list[Document]) -> Document:
        mapping, item = self._mapping, self._item
        is_refund = mapping.refunds is not None and fits(mapping.refunds.when, item)
        gross = self._one("gross", mapping.gross, item, minor_of, currency)
        if mapping.gross is None:
            gross = sum(each.get("gross_minor") or 0 for each in lines if each.get("kind", "sale") in _GOODS)
        found = {"gross_minor": abs(gross) if is_refund and gross is not None else gross}
        for name in ("tax", "discount", "tip", "surcharge", "rounding", "paid"):
            value = self._one(name, getattr(mapping, name), item, minor_of, currency)
            if value is not None:
                found[f"{name}_minor"] = abs(value) if is_refund and name != "rounding" else value
        return _given(**found)

    def _lines(self, lines: Lines, currency: str) -> Iterator[Document]:
        places = (each for each in find_all(lines.each, self._item) if fits(lines.only, each))
        for number, line in enumerate(places, 1):
            at = f"lines/{number - 1}/"
            found = {"line_id": self._one(f"{at}line_id", lines.line_id, line, text_of) or str(number)}
            kind = self._one(f"{at}kind", lines.kind, line, word_of, LINE_KINDS)
            texts = ("sku", "gtin", "product_id", "name", "category", "unit", "tax_rate", "original_line_id")
            found |= _given(**{name: self._one(at + name, getattr(lines, name), line, text_of) for name in texts})
            amounts = ("unit_price", "gross", "discount", "tax", "cost")
            money = {name: self._one(at + name, getattr(lines, name), line, minor_of, currency) for name in amounts}
            found |= _given(**{f"{name}_minor": value for name, value in money.items()})
            yield found | _given(kind=kind, quantity=self._one(f"{at}quantity", lines.quantity, line, quantity_of))

    def _tenders(self, tenders: Tenders, currency: str) -> Iterator[Document]:
        for number, tender in enumerate(find_all(tenders.each, self._item)):
            at = f"tenders/{number}/"
            yield _given(
                tender_id=self._one(f"{at}tender_id", tenders.tender_id, tender, text_of),
                tender_type=self._one(f"{at}tender_type", tenders.tender_type, tender, word_of, TENDER_TYPES),
                amount_minor=self._one(f"{at}amount", tenders.amount, tender, minor_of, currency),
                tip_minor=self._one(f"{at}tip", tenders.tip, tender, minor_of, currency),
            )

    def _id(self, name: str, pick: Pick) -> str | None:
        account = self._context.connection.account
        found: str | None = self._one(name, pick, self._item, text_of)
        return f"{account}:{found}" if account and found else found

    def _one(self, name: str, pick: Any, document: Any, read: Callable[..., Any], *beside: Any) -> Any:
        """A field's value; None where the mapping does not name it, or what it names is not there."""
        if pick is None:
            return None
        value, wrong = None, ""
        try:
            value = read(pick, document, *beside)
        except MissingError as error:
            wrong = str(error) if name.rpartition("/")[2] in _NEEDED else ""
        except UnfitError as error:
            wrong = str(error)
        if self._note is not None:
            self._note(name, pick, document, value, wrong)
        if wrong:
            self.problems.append({"pointer": f"/{name}", "detail": f"{name.rpartition('/')[2]}: {wrong}"})
        return value


_NEEDED: Final = frozenset({"transaction_id", "end_date_time", "store", "gross", "refund_id", "of", "amount"})
"""What a purchase or its line cannot be without, where the mapping names it."""
_GOODS: Final = frozenset({"sale", "return", "reward"})
"""Lines that count towards what was bought."""


def read_csv(raw: bytes, mapping: Mapping) -> list[dict[str, Any]]:
    """The rows of a CSV by its header's names, or its receipts. Raises `RefusedError`."""
    how = mapping.csv
    try:
        text = raw.decode("utf-8-sig" if how.encoding == "utf-8" else how.encoding)
        rows = list(csv.DictReader(io.StringIO(text), delimiter=how.delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableError(f"the body is no CSV in {how.encoding}: {error}") from None
    if not rows or len(rows) > _MOST_ROWS:
        raise UnreadableError(f"the CSV has {len(rows):,} rows beside its header; 1 to {_MOST_ROWS:,} are read")
    clean = [{(name or "").strip(): (value or "").strip() for name, value in _flat(row)} for row in rows]
    if not how.group_by:
        return clean
    if how.group_by not in clean[0]:
        raise UnreadableError(f"the CSV has no column {how.group_by!r}; it has {', '.join(clean[0])[:300]}")
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in clean:
        groups.setdefault(row[how.group_by], []).append(row)
    return [rows[0] | {"rows": rows} for rows in groups.values()]


def _flat(row: dict[str | Any, Any]) -> Iterator[tuple[str, str]]:
    """What stands beyond the last column of the header is no field."""
    return ((name, value) for name, value in row.items() if isinstance(name, str) and not isinstance(value, list))


def _given(**fields: Any) -> Document:
    return {name: value for name, value in fields.items() if value is not None}


def _micros(moment: str | None) -> int:
    return 0 if moment is None else int(datetime.fromisoformat(moment).timestamp() * 1_000_000)


def _millis(timestamp: str) -> Millis:
    text = timestamp.strip()
    try:
        if text.isascii() and text.isdigit():
            return int(text) * (1 if len(text) >= len("1000000000000") else 1_000)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp() * 1_000)
    except (ValueError, OverflowError):
        pass
    raise SignatureError("the time that was signed is none")


def _signed(template: str, raw: bytes, timestamp: str, url: str) -> bytes:
    found = template.encode()
    for name, value in ((b"{timestamp}", timestamp.encode()), (b"{url}", url.encode())):
        found = found.replace(name, value)
    before, _, behind = found.partition(b"{body}")
    return before + raw + behind


def _mac(secret: str, told: bytes, scheme: str, encoding: str) -> str:
    made = hmac.new(secret.encode(), told, getattr(hashlib, scheme.removeprefix("hmac-"))).digest()
    return made.hex() if encoding == "hex" else base64.b64encode(made).decode()
