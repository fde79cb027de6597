"""What a merchant's customers buy next, from the shop's own log to the bundle in force.

Read are `customer.events.v1`, where each purchase stands as it is after edits, refunds and mergers, and
`purchases.v1`, where tills call products by name. Nothing that does worse over the held-out part than what is in
force, or than the best seller, is published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from rules.loader import load_published
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import PurchaseChanged, decode_event
from stamgast.domain.recommendations import Fitted, Table
from stamgast.domain.units import Day, Millis
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord, changed
from stamgast.programs.writer import InForce, ProgramWriter
from stamgast.recommendations.counts import count
from stamgast.recommendations.fit import fit, versioned
from stamgast.recommendations.holdout import FEWEST_ASKED, Asked, ask, compared, cut_of, held, is_worse
from stamgast.recommendations.shelf import Shelf

TOGETHER: Final = (0.0, 0.5)
"""What a pair bought together may count beside one bought next: the one that does better is taken."""


@dataclass(frozen=True, slots=True)
class Refit:
    """What a fit came to. `difference` is how much more often it hit than what is in force, and its error."""

    fitted: Fitted
    in_force: Fitted | None
    difference: tuple[float, float] | None
    left_out: int = 0
    """Lines of products beyond those that are told apart."""
    nameless: int = 0
    """Products that no till ever named: they are not recommended."""
    products_bought: int = 0

    @property
    def refusal(self) -> str:
        """Why it is not to be published unless somebody insists; empty if it may be."""
        tried = self.fitted.held
        if not self.fitted.after:
            return "nothing was bought next often enough to be no accident"
        if tried is None or tried.customers < FEWEST_ASKED:
            asked = 0 if tried is None else tried.customers
            return (
                ""
                if self.in_force is None
                else (
                    f"it cannot be compared with what is in force: that takes {FEWEST_ASKED} customers who came before "
                    f"and after the day from which on purchases were held out; there are {asked}"
                )
            )
        if is_worse(tried.difference, tried.error):
            return (
                f"what it recommends was bought next by {tried.hit_rate:.1%}, the best seller by {tried.baseline:.1%}"
            )
        if self.difference is not None and is_worse(*self.difference):
            return f"what is in force was right more often, by {-self.difference[0]:.2%} of those asked about"
        return ""


async def read_shelf(bootstrap: str, topics: Topics, merchant: str, shelf: Shelf) -> int:
    """Lay down a merchant's purchases and what their products are called. Returns how many purchases were told of.

    Raises:
        LogTruncatedError: the log is shorter than it was when it was looked at.
    """
    told, of_merchant = 0, f"{merchant}:".encode()
    async with LogReader(bootstrap, client_id="stamgast-recommend") as reader:
        for partition in range(topics.partitions):
            async for records in reader.read_all(topics.customer_events, partition):
                for record in records:
                    if record.key is not None and record.key.startswith(of_merchant):
                        told += _note(shelf, record.key[len(of_merchant) :].decode(errors="replace"), record.value)
        for partition in range(topics.partitions):
            async for records in reader.read_all(topics.purchases, partition):
                for record in records:
                    if record.key is not None and record.key.startswith(of_merchant):
                        _name(shelf, record.value)
    return told


def _note(shelf: Shelf, customer: str, value: bytes | None) -> int:
    try:
        event = decode_event(value or b"")
    except UNREADABLE:  # it stands in the dead letters
        return 0
    if not isinstance(event, PurchaseChanged):
        return 0
    shelf.note(customer, event.transaction, event.after)
    return 1


class _Line(msgspec.Struct):
    sku: str | None = None
    name: str | None = None


class _Delivery(msgspec.Struct):
    line_items: list[_Line] = []


class _Record(msgspec.Struct):
    data: _Delivery


_decode = msgspec.json.Decoder(_Record).decode


def _name(shelf: Shelf, value: bytes | None) -> None:
    try:
        record = _decode(value or b"")
    except UNREADABLE:
        return
    for line in record.data.line_items:
        if line.sku and line.name:
            shelf.call(line.sku, line.name)


def fit_shelf(shelf: Shelf, in_force: dict[str, Any]) -> Refit:
    """Fit what stands on a shelf, and try it on the part of the time that it was not shown.

    Raises:
        LookupError: nobody has bought any product that a till names.
    """
    days, skus = shelf.days(), list(shelf.skus)
    if not days:
        raise LookupError("no purchase names a product: tills have to tell the `sku` of their lines")
    cut, newest = cut_of(days), days[-1][0]
    purchases = sum(number for _, number in days)
    known = msgspec.convert(in_force, Fitted) if in_force else None
    best, asked = _tried(shelf, skus, cut)
    counts = count(shelf.customers(), len(skus), shelf.folder / "pairs", newest + 1)
    found = versioned(replace(fit(counts, shelf, newest, best, purchases), held=held(asked, cut)))
    theirs = None if known is None else ask(Table(known), shelf.customers(), skus, cut)
    return Refit(
        found,
        known,
        None if theirs is None else compared(asked, theirs),
        left_out=shelf.left_out,
        nameless=len(skus) - len(shelf.names),
        products_bought=len(skus),
    )


def _tried(shelf: Shelf, skus: Sequence[str], cut: Day) -> tuple[float, list[Asked]]:
    """Which way of counting does better over what is held out, and how it does."""
    counts = count(shelf.customers(), len(skus), shelf.folder / "pairs", cut)
    tries = [(each, ask(Table(fit(counts, shelf, cut - 1, each)), shelf.customers(), skus, cut)) for each in TOGETHER]
    return max(tries, key=lambda each: sum(bool(one.hit) for one in each[1]))


async def put_into_force(
    bootstrap: str, topics: Topics, merchant: str, found: Fitted, now: Millis, *, who: str = ""
) -> InForce:
    """Bring it into force beside the files and parameters that are; the same one is not appended again.

    Raises:
        LookupError: the merchant has published no files.
        ValueError: the files that are in force cannot be read with it.
        BundleTooLargeError: it does not fit beside the files.
        EmitError: it was perhaps not appended.
    """
    goods: dict[str, Any] = msgspec.to_builtins(found)
    async with ProgramWriter(bootstrap, topics.programs, client_id="stamgast-recommend") as writer:
        known = writer.newest.get(merchant)
        if known is None:
            raise LookupError(f"{merchant} has published nothing yet; `stamgast publish {merchant}` comes first")
        loaded = await asyncio.to_thread(load_published, known.record.files, merchant, known.record.clv)
        if not loaded.ok:
            raise ValueError(next(problem.message for problem in loaded.problems if problem.severity == "error"))

        def with_goods(record: BundleRecord | None) -> BundleRecord | None:
            if record is None:
                return None
            new = changed(record, goods=goods, published_at=now, who=who, why="what is bought next was fitted")
            return None if new.hash == record.hash else new

        return await writer.change(merchant, with_goods)
