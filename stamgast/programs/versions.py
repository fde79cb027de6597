"""Every version of a programme that ever came into force: number, hash, when, by whom, why, and what changed.

It is told from the records alone. None of them is compiled: there may be thousands.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from rules.loader import PROGRAM
from stamgast.clock.shop_time import format_time, on_the_wall
from stamgast.domain.rule_answers import NOT_THERE
from stamgast.programs.record import BundleRecord
from stamgast.programs.topic import all_bundles
from stamgast.programs.writer import InForce

_MOST_NAMED: Final = 5
_ZONE: Final = re.compile(r"^time_zone:\s*[\"']?([A-Za-z0-9_+/-]+)", re.MULTILINE)
_STATUS: Final = re.compile(r"^status:\s*[\"']?([a-z]+(?: \d{1,3}%)?)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Version:
    """A version, and what is different in it from the one before. `status` is of the rule that was asked about."""

    in_force: InForce
    changed: tuple[str, ...]
    status: str = ""

    @property
    def merchant(self) -> str:
        """Whose it is."""
        return self.in_force.record.merchant

    @property
    def at(self) -> str:
        """When it was published, on the shop's own clock if its files name one that is known here."""
        record = self.in_force.record
        told = format_time(record.published_at)
        found = _ZONE.search(record.files.get(PROGRAM, ""))
        try:
            return on_the_wall(told, found[1]) if found else told
        except (ZoneInfoNotFoundError, ValueError):
            return told

    def as_json(self) -> dict[str, Any]:
        """Its keys in `rules history --json`."""
        shown = as_json(self.in_force) | {"changed": list(self.changed)}
        return shown | ({"status": self.status} if self.status else {})


def as_json(version: InForce) -> dict[str, Any]:
    """Return what every command says of a version."""
    record = version.record
    return {
        "merchant": record.merchant,
        "number": version.number,
        "hash": record.hash,
        "at": format_time(record.published_at),
        "who": record.who,
        "why": record.why,
    }


async def versions(bootstrap: str, topic: str, merchant: str = "", rule: str = "") -> AsyncIterator[Version]:
    """Tell them in order, of all merchants or of one; with a rule, those in which it changed."""
    before: dict[str, BundleRecord] = {}
    async for number, _, record in all_bundles(bootstrap, topic):
        if merchant and record.merchant != merchant:
            continue
        known = before.get(record.merchant)
        before[record.merchant] = record
        changes = tuple(_changes(known, record, rule))
        if changes or (not rule and known is not None):
            yield Version(InForce(number, record), changes, status_of(record, rule) if rule else "")


def write_files(record: BundleRecord, folder: Path) -> list[Path]:
    """Write a version's files below a folder, which must be new or empty: nothing is written over.

    Raises:
        OSError: it cannot be written, or there is something in it.
    """
    home = folder / record.merchant
    if home.exists() and any(home.iterdir()):
        raise FileExistsError(f"{home} is not empty")
    written = []
    for name, text in sorted(record.files.items()):
        path = home / name
        if not path.resolve().is_relative_to(home.resolve()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _changes(before: BundleRecord | None, now: BundleRecord, rule: str) -> Iterator[str]:
    """What is different, in a sentence each; with a rule, of it alone."""
    if before is None:
        if not rule:
            yield "the first version"
        elif text := text_of_rule(now, rule):
            yield f"new ({_status_in(text)})"
        return
    if rule:
        old, new = text_of_rule(before, rule), text_of_rule(now, rule)
        if old != new:
            yield "taken away" if not new else "its file changed" if old else "new"
    else:
        yield from _named(sorted(_files(before, now)))
        yield from _fitted(before, now)
        if before.feed != now.feed:
            yield "the till's feed is healthy again" if now.feed.get("healthy", True) else "the till's feed broke"
    for each in sorted(before.launched.keys() | now.launched.keys()):
        was, became = status_of(before, each), status_of(now, each)
        if was != became and rule in ("", each):
            yield f"{each}: {was} → {became}"


def _fitted(before: BundleRecord, now: BundleRecord) -> Iterator[str]:
    if before.clv != now.clv:
        yield "a model was fitted"
    if before.goods != now.goods:
        yield "what is bought next was fitted"


def _files(before: BundleRecord, now: BundleRecord) -> Iterator[str]:
    for name in before.files.keys() | now.files.keys():
        if name not in now.files:
            yield f"{name} taken away"
        elif name not in before.files:
            yield f"{name} new"
        elif before.files[name] != now.files[name]:
            yield f"{name} changed"


def _named(changes: list[str]) -> Iterator[str]:
    yield from changes[:_MOST_NAMED]
    if len(changes) > _MOST_NAMED:
        yield f"{len(changes) - _MOST_NAMED} more files"


def text_of_rule(record: BundleRecord, rule: str) -> str:
    """Return the text of the file in which a rule stands; empty where there is none."""
    return record.files.get(file_of_rule(record, rule), "")


def file_of_rule(record: BundleRecord, rule: str) -> str:
    """Return the name of the file in which a rule stands; empty where there is none."""
    begins = re.compile(rf"^rule:\s*[\"']?{re.escape(rule)}[\"']?\s*(#.*)?$", re.MULTILINE)
    return next((name for name, text in record.files.items() if name.startswith("rules/") and begins.search(text)), "")


def status_of(record: BundleRecord, rule: str) -> str:
    """Return a rule's status in a version, as it is written, without compiling it."""
    if rule in record.launched:
        return record.launched[rule].status
    text = text_of_rule(record, rule)
    return _status_in(text) if text else NOT_THERE


def _status_in(text: str) -> str:
    found = _STATUS.search(text)
    return found[1] if found else "draft"
