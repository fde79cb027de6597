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

MAX_BUNDLE_BYTES = 900_000
MAX_UNPACKED_BYTES = 32_000_000


class BundleTooLargeError(ValueError):
    """A merchant's files are too much for one record."""


class BundleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`files` maps paths relative to the merchant's folder to their text; `clv` is what the last fit published.

    `feed` says `{"healthy": false}` while the till tells of no purchases; it is empty while all is well.
    """

    merchant: str
    hash: str
    files: dict[str, str]
    clv: dict[str, Any] = {}
    feed: dict[str, bool] = {}
    published_at: int = 0
    """Recorded time, milliseconds UTC."""


PROGRAM: Final = "program.yaml"


class Glance(NamedTuple):
    """What can be said of a bundle before it is compiled: what it surely has nothing to do with."""

    may_watch_feed: bool = True
    """Its programme may ask that the shop's feed is watched, or says that it is broken."""
    may_value_segments: bool = True
    """It has what lifetime values are worked out by."""
    may_limit_days: bool = True
    """One of its rules may limit its messages a day."""


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(BundleRecord).decode


def bundle_hash(files: Mapping[str, str], clv: Mapping[str, Any], feed: Mapping[str, bool] | None = None) -> str:
    """Return the content hash (SHA-256, hex): the same files and parameters have the same hash everywhere."""
    content: dict[str, Any] = {"files": dict(files), "clv": dict(clv)}
    if feed:
        content["feed"] = dict(feed)
    return hashlib.sha256(_encode(content)).hexdigest()


def with_feed(packed: bytes, now: int, *, healthy: bool) -> bytes:
    """Return the same bundle with another word on the shop's feed, packed. `now` is milliseconds UTC."""
    record = decode_bundle(packed)
    feed = {} if healthy else {"healthy": False}
    content = bundle_hash(record.files, record.clv, feed)
    return encode_bundle(msgspec.structs.replace(record, hash=content, feed=feed, published_at=now))


def load_record(record: BundleRecord) -> LoadedMerchant:
    """Compile a bundle: its files, with what a fit gave and what is known of the feed."""
    loaded = load_published(record.files, record.merchant, record.clv)
    return replace(loaded, program=replace(loaded.program, feed_healthy=record.feed.get("healthy", True)))


def glance_at(record: BundleRecord) -> Glance:
    """Look at a bundle's files without reading them: compiling takes a thousand times as long."""
    rules = [text for name, text in record.files.items() if name != PROGRAM]
    return Glance(
        may_watch_feed=bool(record.feed) or _may_name("feed", [record.files.get(PROGRAM, "")]),
        may_value_segments=bool(record.clv),
        may_limit_days=_may_name("messages", rules),
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
    if bundle_hash(record.files, record.clv, record.feed) != record.hash:
        raise ValueError(f"bundle {record.hash[:12]} of {record.merchant} does not match its hash")
    return record
