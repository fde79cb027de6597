"""All that is kept of a customer as one document, and as rows of tables: the answer to whoever asks what we know.

What would open a door is left out: codes of vouchers, hashes, keys. Money is in minor units beside its currency.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from msgspec import to_builtins

from stamgast.clock.shop_time import format_time
from stamgast.domain.customer import Customer
from stamgast.domain.events import (
    Enrolled,
    OwnEvent,
    Replied,
)
from stamgast.domain.program import Program
from stamgast.domain.till_events import StampsHanded, VoucherRedeemed
from stamgast.domain.transactions import Payment, Transaction
from stamgast.domain.units import Millis
from stamgast.identity.records import Passes, Profile
from stamgast.identity.sealing import DataKey
from stamgast.lists.lives import Life
from stamgast.log.replies import Reply, replies_in
from stamgast.people.consents import said_of_themselves, told_of
from stamgast.people.view import show_customer

TABLES: Final = (
    *(
        "profile",
        "consents",
        "purchases",
        "purchase_lines",
        "messages",
        "facts",
        "events",
        "replies",
        "pictures",
        "wallets",
    ),
)
"""Names of the CSVs."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With which a spreadsheet takes a text for something to be worked out."""
_INNER: Final = frozenset({"merchant", "customer"})
_PRIVATE_TO_US: Final = frozenset({"attempt", "paid_by", "counted_by", "mills"})


class FolderError(Exception):
    """A folder that cannot be written to; the text says why."""


def document_of(
    customer: str,
    life: Life,
    program: Program,
    at: Millis,
    *,
    profile: Profile | None,
    state: Customer | None,
    key: DataKey | None,
    stopped: Millis | None = None,
    known: Mapping[str, Transaction] | None = None,
    pictures: Sequence[Mapping[str, Any]] = (),
    passes: Passes | None = None,
) -> dict[str, Any]:
    """All that is kept of a customer at a moment, with the proofs of what they agreed to.

    `known`: what intake knows of their transactions, by id. `pictures`: what `lists.pictures` shows of them.
    `passes`: in which wallets their card is.
    """
    shown = None if state is None else show_customer(customer, state, program, at)
    sealed = (each.value for each in life.replies)
    for voucher in shown["vouchers"] if shown else ():
        del voucher["code"], voucher["short_code"]  # whoever knows one can redeem it
    return {
        "customer": customer,
        "merchant": program.merchant,
        "made_at": format_time(at),
        "profile": None if profile is None else {name: text for name, text in to_builtins(profile).items() if text},
        "stopped_since": format_time(stopped) if stopped else None,
        "state": shown,
        "consents": [_consent(each) for each in _said(life, key)],
        "purchases": sorted(
            (_purchase(name, each, (known or {}).get(name)) for name, each in life.purchases.items()),
            key=lambda each: str(each["at"]),
        ),
        "messages": [_told(each) for each in life.notes],
        "facts": [_told(each) for each in life.lines],
        "events": [_event(each) for each in life.events],
        "replies": [_reply(each) for each in replies_in(sealed, (program.merchant, customer), key, at)],
        "pictures": list(pictures),
        "wallets": [] if passes is None else _wallets(passes),
    }


def _wallets(passes: Passes) -> list[dict[str, Any]]:
    """Where their card is; where a device is woken is between its maker and us."""
    apple = [{"wallet": "apple", "since": format_time(each.at), "device": each.library} for each in passes.apple]
    return [*apple, *({"wallet": "google", "since": format_time(each.at)} for each in passes.google)]


def _said(life: Life, key: Any) -> list[Any]:
    """What they agreed to, took back, and told of themselves, with the proofs; oldest first."""
    told = [told_of(each, key) for each in life.consents]
    told += [said for each in life.events if isinstance(each, Replied) and (said := said_of_themselves(each, key))]
    return sorted(told, key=lambda each: each.at)


def _consent(told: Any) -> dict[str, Any]:
    return {
        "said_at": format_time(told.said_at),
        "recorded_at": format_time(told.at),
        "purpose": told.purpose,
        "channel": told.channel,
        "granted": told.granted,
        "wording_version": told.proof and told.proof.wording,
        "source": told.proof and told.proof.origin,
        "topic": told.topic,
        "field": told.field,
    }


def _purchase(name: str, purchase: Any, known: Transaction | None) -> dict[str, Any]:
    return {
        "transaction": name,
        "at": format_time(purchase.occurred_at),
        "store": purchase.store,
        "currency": purchase.currency,
        "spend_minor": purchase.spend,
        "refunded_minor": purchase.refunded,
        "counts": purchase.counts,
        "history": purchase.history,
        "lines": [
            {
                "line": line.id,
                "product": line.sku,
                "category": line.category,
                "quantity": line.quantity / 1000,
                "gross_minor": line.gross,
                "kind": line.kind,
            }
            for line in purchase.lines
        ],
        "payments": [_payment(each) for each in known.payments.values()] if known is not None else [],
    }


def _payment(payment: Payment) -> dict[str, Any]:
    """What a payment system told beside the till."""
    return {
        "system": payment.system,
        "method": payment.method,
        "amount_minor": payment.amount,
        "tip_minor": payment.tip,
        "currency": payment.currency,
        "card": payment.card or None,
    }


def _reply(reply: Reply) -> dict[str, Any]:
    words = reply.words
    about = {"text": words.text, "button": words.button, "attached": words.media, "pictures": list(words.files)}
    return {"at": format_time(reply.at), "channel": reply.channel} | about


def _told(told: Any) -> dict[str, Any]:
    said = {name: value for name, value in to_builtins(told).items() if name not in _INNER | _PRIVATE_TO_US}
    return {"at": format_time(said.pop("at"))} | said


def _event(event: Any) -> dict[str, Any]:
    """An event by its words; what stands for a phone or behind a veil is in the profile in the clear."""
    told: dict[str, Any] = {"at": format_time(event.at), "type": type(event).__struct_config__.tag}
    if isinstance(event, OwnEvent):
        told |= {"name": event.name, "happened_at": format_time(event.happened_at), "fields": dict(event.fields)}
    elif isinstance(event, Enrolled):
        told |= {"language": event.language} | ({"since": format_time(event.since)} if event.since else {})
    elif isinstance(event, Replied):
        told |= {"channel": event.channel, "keyword": event.keyword}
    elif isinstance(event, VoucherRedeemed):
        told |= {"store": event.store}
    elif isinstance(event, StampsHanded):
        told |= {"card": event.card, "stamps": event.stamps, "reason": event.reason, "store": event.store}
    return told


class Tables:
    """CSVs in a folder, one for each list, that grow by a customer at a time. Only their owner may read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[str]] = {}
        self._writers: dict[str, Any] = {}
        self.rows: dict[str, int] = dict.fromkeys(TABLES, 0)

    def open(self) -> None:
        """Make the folder, or take an empty one. Raises `FolderError`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if any(self._folder.iterdir()):
                raise FolderError(f"{self._folder} is not empty: name a new folder")
        except OSError as error:
            raise FolderError(f"{self._folder}: {error.strerror}") from None
        for name in TABLES:
            self._files[name] = self.file(f"{name}.csv", "utf-8-sig")
            self._writers[name] = csv.writer(self._files[name])
            self._writers[name].writerow(("customer", *_COLUMNS[name]))

    def file(self, name: str, encoding: str = "utf-8") -> IO[str]:
        """A new file in the folder."""
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(handle, "w", encoding=encoding, newline="")

    def add(self, document: Mapping[str, Any]) -> None:
        """Write a customer's rows."""
        for name in TABLES:
            rows = [
                [document["customer"], *[_cell(row.get(each)) for each in _COLUMNS[name]]]
                for row in _rows(document, name)
            ]
            self._writers[name].writerows(rows)
            self.rows[name] += len(rows)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": (
        *("phone", "first_name", "name", "email", "language", "birthday", "source", "joined_at", "stopped_since"),
        *("purchases", "visits", "spend", "currency", "stage", "tier", "tags"),
    ),
    "consents": (
        "said_at",
        "recorded_at",
        "purpose",
        "channel",
        "granted",
        "wording_version",
        "source",
        "topic",
        "field",
    ),
    "purchases": ("transaction", "at", "store", "currency", "spend_minor", "refunded_minor", "counts", "history"),
    "purchase_lines": ("transaction", "line", "product", "category", "quantity", "gross_minor", "currency", "kind"),
    "messages": ("at", "kind", "activation", "rule", "template", "channel", "status", "reason"),
    "facts": ("at", "kind", "became", "receipt", "rule", "card", "before", "after", "reward", "was", "reason"),
    "events": ("at", "type", "name", "happened_at", "channel", "keyword", "store", "fields"),
    "replies": ("at", "channel", "text", "button", "attached", "pictures"),
    "pictures": ("picture", "at", "channel", "width", "height", "file", "missing"),
    "wallets": ("wallet", "since", "device"),
}


def _rows(document: Mapping[str, Any], table: str) -> Iterable[Mapping[str, Any]]:
    if table == "profile":
        return [(document["state"] or {}) | (document["profile"] or {}) | {"stopped_since": document["stopped_since"]}]
    if table == "purchase_lines":
        return [
            line | {"transaction": each["transaction"], "currency": each["currency"]}
            for each in document["purchases"]
            for line in each["lines"]
        ]
    rows: Iterable[Mapping[str, Any]] = document[table]
    return rows


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
