"""Bringing a merchant's files into force: checked, then appended whole to `programs.v1`.

The record's offset is the barrier's number. A file with an error is never published, so the version in force keeps
running; files that are in force already are not published again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rules.loader import LoadedMerchant, load_merchant, load_published
from rules.rule_set import RuleSet
from stamgast.clock.shop_time import format_time
from stamgast.domain.rule_answers import NOT_THERE
from stamgast.domain.units import Millis
from stamgast.programs.folders import merchant_folders
from stamgast.programs.launches import Launch, begun, carried_over, speaks
from stamgast.programs.record import (
    BundleRecord,
    BundleTooLargeError,
    bundle_hash,
    changed,
    hash_of_files,
    load_record,
)
from stamgast.programs.staff_phones import Seal, with_sealed_phones
from stamgast.programs.topic import all_bundles
from stamgast.programs.versions import status_of
from stamgast.programs.writer import InForce, ProgramWriter


@dataclass(frozen=True, slots=True)
class Signed:
    """Who changes what is in force, why and when, as the history tells it."""

    now: Millis
    who: str = ""
    why: str = ""


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
    overruled: tuple[str, ...] = ()
    """Launches that ended because their rule's file says something else now: a sentence each."""


class SetAsideError(ValueError):
    """These very files were taken out of force by a rollback, and were not edited since."""


class EditedElsewhereError(ValueError):
    """A file was edited on a page, and the folder has another text: who publishes it would undo that unknowingly."""


async def newest_bundles(bootstrap: str, topic: str) -> dict[str, InForce]:
    """Read `programs.v1` to its end: the newest bundle of every merchant."""
    return {bundle.merchant: InForce(number, bundle) async for number, _, bundle in all_bundles(bootstrap, topic)}


async def publish(
    bootstrap: str,
    topic: str,
    folders: Iterable[Path],
    now: Millis,
    clv: dict[str, dict[str, Any]] | None = None,
    *,
    who: str = "",
    why: str = "",
    anyway: bool = False,
    seal: Seal | None = None,
) -> list[Published]:
    """Check each folder and append what is new; what a fit, a launch and the feed's watch said stays.

    `clv` has other parameters by merchant. Files that a rollback took out of force, and others than those that were
    edited on a page, are published only `anyway`. `seal` seals the phones of staff.
    """
    results: list[Published] = []
    async with ProgramWriter(bootstrap, topic, client_id="stamgast-publish") as writer:
        for folder in folders:
            known = writer.newest.get(folder.name)
            figures = (clv or {}).get(folder.name, known.record.clv if known else {})
            loaded = await asyncio.to_thread(load_merchant, folder, figures)
            if loaded.ok and loaded.program.staff:
                loaded = await asyncio.to_thread(with_sealed_phones, loaded, figures, seal)
            if not loaded.ok:
                merchant = loaded.program.merchant
                results.append(Published(merchant, None, None, is_new=False, loaded=loaded, refusal="it has errors"))
                continue
            change = partial(_with_files, loaded, (clv or {}).get(folder.name), Signed(now, who, why), anyway=anyway)
            results.append(await _publish(writer, loaded, change))
    return results


async def _publish(
    writer: ProgramWriter, loaded: LoadedMerchant, change: Callable[[BundleRecord | None], BundleRecord | None]
) -> Published:
    merchant = loaded.program.merchant
    known = writer.newest.get(merchant)
    try:
        found = await writer.change(merchant, change)
    except (BundleTooLargeError, SetAsideError, EditedElsewhereError) as error:
        return Published(merchant, None, None, is_new=False, loaded=loaded, refusal=str(error))
    is_new = known is None or found.number != known.number
    if known is None or not is_new:
        return Published(merchant, found.record.hash, found.number, is_new=is_new, loaded=loaded)
    gone = await asyncio.to_thread(_stores_gone, known.record, loaded)
    overruled = tuple(_overruled(known.record, loaded))
    return Published(
        merchant, found.record.hash, found.number, is_new=True, loaded=loaded, stores_gone=gone, overruled=overruled
    )


def _with_files(
    loaded: LoadedMerchant,
    clv: dict[str, Any] | None,
    signed: Signed,
    known: BundleRecord | None,
    *,
    anyway: bool,
) -> BundleRecord | None:
    """What is in force with other files. Raises SetAsideError, EditedElsewhereError."""
    files = dict(loaded.files)
    base = BundleRecord(merchant=loaded.program.merchant, hash="", files={}) if known is None else known
    launched = launched_beside(base, loaded.rules, signed.now)
    figures = base.clv if clv is None else clv
    content = bundle_hash(files, figures, base.feed, launched, base.goods)
    if known is not None and content == known.hash and not known.edited:
        return None
    if not anyway:
        _must_have_edits(base, files)
    aside = hash_of_files(files) in base.set_aside
    if aside and not anyway:
        raise SetAsideError(
            "a rollback took these very files out of force, and they were not edited since; "
            "`stamgast rules history --files DIR` writes those that are in force, `publish --anyway` insists"
        )
    return changed(
        base, files=files, clv=figures, launched=launched, published_at=signed.now, who=signed.who, why=signed.why,
        set_aside=[], edited={},
    )  # fmt: skip


def launched_beside(base: BundleRecord, rules: RuleSet, now: Millis) -> dict[str, Launch]:
    """Return the launches that hold once other files are in force; `rules` are as these say."""
    return begun(carried_over(base.launched, rules), rules, partial(_spoke, base), now)


def _must_have_edits(base: BundleRecord, files: Mapping[str, str]) -> None:
    """Raise EditedElsewhereError where a folder lacks what was edited on a page."""
    lacking = [name for name in sorted(base.edited) if files.get(name) != base.files.get(name)]
    if lacking:
        since = "; ".join(f"{name} on {format_time(base.edited[name])}" for name in lacking)
        raise EditedElsewhereError(
            f"edited on the page since, and another text here: {since}. `stamgast rules history --files DIR` writes "
            "what is in force: copy it here and edit that, or insist on these files with `publish --anyway`"
        )


def _spoke(record: BundleRecord, rule_id: str) -> bool:
    status = status_of(record, rule_id)
    return status != NOT_THERE and speaks(status)


def _overruled(before: BundleRecord, loaded: LoadedMerchant) -> Iterator[str]:
    for rule_id in sorted(before.launched.keys() - carried_over(before.launched, loaded.rules).keys()):
        launch, rule = before.launched[rule_id], loaded.rules.by_id.get(rule_id)
        if rule is not None and rule.status_text != launch.status:
            yield (
                f"{rule_id} is {rule.status_text} now, as its file says since it was edited; "
                f"it was launched {launch.status} while its file said {launch.in_file}"
            )


def _stores_gone(before: BundleRecord, loaded: LoadedMerchant) -> tuple[str, ...]:
    named = load_record(before).program.stores
    return tuple(sorted(named.keys() - loaded.program.stores.keys()))


async def without_folder(bootstrap: str, topic: str, folders: Iterable[Path]) -> list[str]:
    """Return the merchants that are in force and have none of these folders: taking files away ends nothing."""
    return sorted((await newest_bundles(bootstrap, topic)).keys() - {folder.resolve().name for folder in folders})


async def publish_parameters(
    bootstrap: str, topic: str, merchant: str, clv: dict[str, Any], now: Millis, *, who: str = ""
) -> InForce:
    """Bring CLV parameters into force beside the files that are; the same ones are not appended again.

    Raises:
        LookupError: the merchant has published no files.
        ValueError: the parameters cannot be used with them; the text says why.
        EmitError: they were perhaps not appended.
    """
    async with ProgramWriter(bootstrap, topic, client_id="stamgast-fit") as writer:
        known = writer.newest.get(merchant)
        if known is None:
            raise LookupError(f"{merchant} has published nothing yet; `stamgast publish {merchant}` comes first")
        loaded = await asyncio.to_thread(load_published, known.record.files, merchant, clv)
        if not loaded.ok:
            raise ValueError(next(problem.message for problem in loaded.problems if problem.severity == "error"))

        def with_figures(record: BundleRecord | None) -> BundleRecord | None:
            if record is None:
                return None
            new = changed(record, clv=clv, published_at=now, who=who, why="a model was fitted")
            return None if new.hash == record.hash else new

        return await writer.change(merchant, with_figures)


def fingerprint(config_dir: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what tells whether any file of any merchant was touched since."""
    files = (path for folder in merchant_folders(config_dir) for path in folder.rglob("*") if path.is_file())
    return tuple((str(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in sorted(files))
