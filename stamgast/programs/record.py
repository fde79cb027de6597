"""A merchant's bundle as it stands on `programs.v1`: files and CLV parameters, whole, under their content hash.

The record's offset is the barrier's number. Values are zlib-compressed JSON, so that a programme with hundreds of
rules and templates still fits one record.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import msgspec

from rules.loader import LoadedMerchant, load_published
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.recommendations import NO_TABLE, Fitted, Table
from stamgast.domain.trip_wires import Tripped
from stamgast.programs import launches
from stamgast.programs.launches import Launch, Launches, in_force

MAX_BUNDLE_BYTES = 900_000
MAX_UNPACKED_BYTES = 32_000_000


class BundleTooLargeError(ValueError):
    """A merchant's files are too much for one record."""


class BundleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`files` maps paths relative to the merchant's folder to their text; `clv` is what the last fit published.

    `feed` says `{"healthy": false}` while the till tells of no purchases; it is empty while all is well. `launched` has
    the statuses of rules that were launched, `set_aside` the hashes of files that a rollback took out of force. `based`
    is the number of the bundle that this one was made from (`Chain`), `back_to` that of the version that a rollback
    brought back with this one.
    """

    merchant: str
    hash: str
    files: dict[str, str]
    clv: dict[str, Any] = {}
    feed: dict[str, bool] = {}
    published_at: int = 0
    """Recorded time, milliseconds UTC."""
    launched: dict[str, Launch] = {}
    who: str = ""
    why: str = ""
    set_aside: list[str] = []
    based: int | None = None
    back_to: int | None = None
    goods: dict[str, Any] = {}
    """What is bought next, as the last `recommend fit` published it (`stamgast.domain.recommendations.Fitted`)."""
    edited: dict[str, int] = {}
    """Files that were edited on a page since the shop's own were published, and when (milliseconds UTC): whoever
    publishes others there is told."""


PROGRAM: Final = "program.yaml"
NOTHING: Final = -1
"""Stands for the number of the bundle before a merchant's first one."""
OURSELVES: Final = "stamgast"
"""Who publishes what no person asked for."""


class Glance(NamedTuple):
    """What can be said of a bundle before it is compiled: what it surely has nothing to do with."""

    may_watch_feed: bool = True
    """Its programme may ask that the shop's feed is watched, or says that it is broken."""
    may_value_segments: bool = True
    """It has what lifetime values are worked out by."""
    may_limit_days: bool = True
    """One of its rules may limit its messages a day."""
    has_launches: bool = True
    """One of its rules was launched."""
    may_have_budgets: bool = True
    may_have_codes: bool = True
    """There may be a budget in its files."""
    may_have_draws: bool = True
    """Its programme may have draws."""
    paused: tuple[tuple[str, Launch], ...] = ()
    """Rules that a trip wire paused, since that is noted with its moment."""


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(BundleRecord).decode


def bundle_hash(
    files: Mapping[str, str],
    clv: Mapping[str, Any],
    feed: Mapping[str, bool] | None = None,
    launched: Launches | None = None,
    goods: Mapping[str, Any] | None = None,
) -> str:
    """Return the content hash (SHA-256, hex): the same files and parameters have the same hash everywhere."""
    content: dict[str, Any] = {"files": dict(files), "clv": dict(clv)}
    if feed:
        content["feed"] = dict(feed)
    if launched:
        content["launched"] = dict(launched)
    if goods:
        content["goods"] = dict(goods)
    return hashlib.sha256(_encode(content)).hexdigest()


def hash_of_files(files: Mapping[str, str]) -> str:
    """Return the hash by which a rollback remembers files (SHA-256, hex)."""
    return hashlib.sha256(_encode(dict(files))).hexdigest()


def changed(record: BundleRecord, **fields: Any) -> BundleRecord:
    """Return the record with other fields, under the hash of what it holds then."""
    new = msgspec.structs.replace(record, **{"based": None, "back_to": None} | fields)
    content = bundle_hash(new.files, new.clv, new.feed, new.launched, new.goods)
    return msgspec.structs.replace(new, hash=content)


class Chain:
    """Which bundles of `programs.v1` count, as they are read in their order.

    Kafka has no compare-and-set. So a bundle says which one it was made from, and counts only if that was the newest of
    its merchant: of two who changed the same one, the later must change what the earlier made of it. `based` of None
    counts always; `NOTHING` is for the first of a merchant.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._passed_over: set[int] = set()

    def counts(self, number: int, record: BundleRecord) -> bool:
        """Say whether it does; whoever reads the log again gets the same answer."""
        newest = self._newest.get(record.merchant, NOTHING)
        if number <= newest:
            return number not in self._passed_over
        if record.based is not None and record.based != newest:
            self._passed_over.add(number)
            return False
        self._newest[record.merchant] = number
        return True


def with_feed(packed: bytes, now: int, *, healthy: bool, based: int | None = None) -> bytes:
    """Return the same bundle with another word on the shop's feed, packed. `now` is milliseconds UTC."""
    record = decode_bundle(packed)
    feed = {} if healthy else {"healthy": False}
    why = "purchases come in again" if healthy else "the till tells of no purchases"
    return encode_bundle(changed(record, feed=feed, published_at=now, who=OURSELVES, why=why, based=based))


def with_pause(packed: bytes, rule: str, now: int, tripped: Tripped, *, based: int) -> bytes:
    """Return the same bundle with a rule paused that tripped a wire, packed. `now` is milliseconds UTC."""
    record = decode_bundle(packed)
    launched = launches.with_pause(record.launched, rule, tripped, now)
    why = f"trip wire: {tripped.why}"
    return encode_bundle(changed(record, launched=launched, published_at=now, who=OURSELVES, why=why, based=based))


def load_record(record: BundleRecord) -> LoadedMerchant:
    """Compile a bundle: its files, with what a fit gave, what is known of the feed and what was launched."""
    loaded = load_as_filed(record)
    program = replace(
        loaded.program, feed_healthy=record.feed.get("healthy", True), goods=table_of(record.goods) or NO_TABLE
    )
    return replace(loaded, program=program, rules=in_force(loaded.rules, record.launched))


def table_of(goods: Mapping[str, Any]) -> Table | None:
    """What is bought next, as a bundle has it; None where nothing was fitted, or not as this version reads it."""
    try:
        return Table(msgspec.convert(goods, Fitted)) if goods else None
    except (msgspec.ValidationError, ValueError, IndexError):
        return None


def load_as_filed(record: BundleRecord) -> LoadedMerchant:
    """Compile its files, with what a fit gave: rules have the statuses that stand there."""
    return load_published(record.files, record.merchant, record.clv)


def glance_at(record: BundleRecord) -> Glance:
    """Look at a bundle's files without reading them: compiling takes a thousand times as long."""
    rules = [text for name, text in record.files.items() if name != PROGRAM]
    return Glance(
        may_watch_feed=bool(record.feed) or _may_name("feed", [record.files.get(PROGRAM, "")]),
        may_value_segments=bool(record.clv),
        may_limit_days=_may_name("messages", rules),
        has_launches=bool(record.launched),
        may_have_budgets=_may_name("budget", record.files.values()),
        may_have_codes=_may_name("codes", [record.files.get(PROGRAM, "")]),
        may_have_draws=_may_name("draws", [record.files.get(PROGRAM, "")]),
        paused=tuple((rule, launch) for rule, launch in record.launched.items() if launch.tripped_at),
    )


def _may_name(key: str, texts: Iterable[str]) -> bool:
    return any(key in text or "\\" in text for text in texts)  # a key may be written with escapes


def encode_bundle(record: BundleRecord) -> bytes:
    """Pack a record's value.

    Raises:
        BundleTooLargeError: packed, it is larger than `MAX_BUNDLE_BYTES`.
    """
    packed = zlib.compress(_encode(record), 9)
    if len(packed) > MAX_BUNDLE_BYTES:
        raise BundleTooLargeError(
            f"the files of {record.merchant} take {len(packed):,} bytes compressed; at most {MAX_BUNDLE_BYTES:,} fit"
        )
    return packed


def decode_bundle(value: bytes) -> BundleRecord:
    """Unpack a record's value.

    Raises:
        ValueError: it is no bundle, or its hash is not that of its content.
    """
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(value, MAX_UNPACKED_BYTES)
        record = _decode(text)
    except (zlib.error, *UNREADABLE) as error:
        raise ValueError(f"not a bundle: {error}") from error
    if bundle_hash(record.files, record.clv, record.feed, record.launched, record.goods) != record.hash:
        raise ValueError(f"bundle {record.hash[:12]} of {record.merchant} does not match its hash")
    return record
