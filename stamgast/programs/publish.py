"""Bringing a merchant's files into force: checked, then appended whole to `programs.v1`.

The record's offset is the barrier's number. A file with an error is never published, so the version in force keeps
running; files that are in force already are not published again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rules.loader import LoadedMerchant, load_merchant, load_published
from stamgast.domain.units import Millis
from stamgast.log.producers import Emitter
from stamgast.programs.record import (
    BundleRecord,
    BundleTooLargeError,
    bundle_hash,
    encode_bundle,
    load_record,
)
from stamgast.programs.topic import all_bundles

MERCHANTS = "merchants"


@dataclass(frozen=True, slots=True)
class InForce:
    """A merchant's newest bundle in the log, and the number of its barrier."""

    number: int
    record: BundleRecord


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one merchant's files. `number` and `hash` are None if they have errors or do not fit."""

    merchant: str
    hash: str | None
    number: int | None
    is_new: bool
    loaded: LoadedMerchant
    refusal: str = ""
    stores_gone: tuple[str, ...] = ()
    """Stores that the version before named and this one does not."""


def merchant_folders(config_dir: Path) -> list[Path]:
    """Return the folder of every merchant, by name."""
    root = config_dir / MERCHANTS
    return sorted(folder for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []


async def newest_bundles(bootstrap: str, topic: str) -> dict[str, InForce]:
    """Read `programs.v1` to its end: the newest bundle of every merchant."""
    return {bundle.merchant: InForce(number, bundle) async for number, _, bundle in all_bundles(bootstrap, topic)}


async def publish(
    bootstrap: str, topic: str, folders: Iterable[Path], now: Millis, clv: dict[str, dict[str, Any]] | None = None
) -> list[Published]:
    """Check each folder and append what is new; what a fit and the feed's watch said stays.

    `clv` has other parameters by merchant.
    """
    newest = await newest_bundles(bootstrap, topic)
    results: list[Published] = []
    emitter: Emitter | None = None
    try:
        for folder in folders:
            known = newest.get(folder.name)
            figures = (clv or {}).get(folder.name, known.record.clv if known else {})
            loaded = await asyncio.to_thread(load_merchant, folder, figures)
            merchant = loaded.program.merchant
            if not loaded.ok:
                results.append(Published(merchant, None, None, is_new=False, loaded=loaded, refusal="it has errors"))
                continue
            feed = known.record.feed if known else {}
            content = bundle_hash(loaded.files, figures, feed)
            if known is not None and known.record.hash == content:
                results.append(Published(merchant, content, known.number, is_new=False, loaded=loaded))
                continue
            record = BundleRecord(
                merchant=merchant, hash=content, files=dict(loaded.files), clv=figures, feed=feed, published_at=now
            )
            try:
                value = encode_bundle(record)
            except BundleTooLargeError as error:
                results.append(Published(merchant, None, None, is_new=False, loaded=loaded, refusal=str(error)))
                continue
            emitter = emitter or await Emitter.open(bootstrap, client_id="stamgast-publish")
            number = await emitter.send(topic, 0, merchant.encode(), value)
            gone = await asyncio.to_thread(_stores_gone, known.record, loaded) if known else ()
            results.append(Published(merchant, content, number, is_new=True, loaded=loaded, stores_gone=gone))
    finally:
        if emitter is not None:
            await emitter.close()
    return results


def _stores_gone(before: BundleRecord, loaded: LoadedMerchant) -> tuple[str, ...]:
    named = load_record(before).program.stores
    return tuple(sorted(named.keys() - loaded.program.stores.keys()))


async def without_folder(bootstrap: str, topic: str, folders: Iterable[Path]) -> list[str]:
    """Return the merchants that are in force and have none of these folders: taking files away ends nothing."""
    return sorted((await newest_bundles(bootstrap, topic)).keys() - {folder.resolve().name for folder in folders})


async def publish_parameters(bootstrap: str, topic: str, merchant: str, clv: dict[str, Any], now: Millis) -> InForce:
    """Bring CLV parameters into force beside the files that are; the same ones are not appended again.

    Raises:
        LookupError: the merchant has published no files.
        ValueError: the parameters cannot be used with them; the text says why.
        EmitError: they were perhaps not appended.
    """
    known = (await newest_bundles(bootstrap, topic)).get(merchant)
    if known is None:
        raise LookupError(f"{merchant} has published nothing yet; `stamgast publish {merchant}` comes first")
    files = known.record.files
    loaded = await asyncio.to_thread(load_published, files, merchant, clv)
    if not loaded.ok:
        raise ValueError(next(problem.message for problem in loaded.problems if problem.severity == "error"))
    content = bundle_hash(files, clv, known.record.feed)
    if content == known.record.hash:
        return known
    record = BundleRecord(
        merchant=merchant, hash=content, files=files, clv=clv, feed=known.record.feed, published_at=now
    )
    emitter = await Emitter.open(bootstrap, client_id="stamgast-fit")
    try:
        return InForce(await emitter.send(topic, 0, merchant.encode(), encode_bundle(record)), record)
    finally:
        await emitter.close()


def fingerprint(config_dir: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what tells whether any file of any merchant was touched since."""
    files = (path for folder in merchant_folders(config_dir) for path in folder.rglob("*") if path.is_file())
    return tuple((str(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in sorted(files))
