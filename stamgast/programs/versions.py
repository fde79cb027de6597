"""Every version of a programme that ever came into force: number, hash, when, by whom, why, and what changed.

It is told from the records alone. None of them is compiled: there may be thousands.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple
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


class Changed(StrEnum):
    """What can be different in a version."""

    FIRST = "first"
    RULE_NEW = "rule_new"
    RULE_EDITED = "rule_edited"
    RULE_GONE = "rule_gone"
    FILE_NEW = "file_new"
    FILE_EDITED = "file_edited"
    FILE_GONE = "file_gone"
    MORE_FILES = "more_files"
    MODEL = "model"
    GOODS = "goods"
    FEED_HEALTHY = "feed_healthy"
    FEED_BROKE = "feed_broke"
    STATUS = "status"


_SAYS: Final[Mapping[Changed, str]] = {
    Changed.FIRST: "the first version",
    Changed.RULE_NEW: "new",
    Changed.RULE_EDITED: "its file changed",
    Changed.RULE_GONE: "taken away",
    Changed.FILE_NEW: "{what} new",
    Changed.FILE_EDITED: "{what} changed",
    Changed.FILE_GONE: "{what} taken away",
    Changed.MORE_FILES: "{what} more files",
    Changed.MODEL: "a model was fitted",
    Changed.GOODS: "what is bought next was fitted",
    Changed.FEED_HEALTHY: "the till's feed is healthy again",
    Changed.FEED_BROKE: "the till's feed broke",
    Changed.STATUS: "{what}: {was} → {became}",
}


class Change(NamedTuple):
    """One difference: of what (a file, a rule, a number), and a status before and after."""

    kind: Changed
    what: str = ""
    was: str = ""
    became: str = ""

    def __str__(self) -> str:
        """In a sentence."""
        said = _SAYS[self.kind].format(what=self.what, was=self.was, became=self.became)
        return f"{said} ({self.became})" if self.kind is Changed.RULE_NEW and self.became else said


@dataclass(frozen=True, slots=True)
class Version:
    """A version, and what is different in it from the one before. `status` is of the rule that was asked about."""

    in_force: InForce
    changes: tuple[Change, ...]
    status: str = ""

    @property
    def changed(self) -> tuple[str, ...]:
        """What is different, in a sentence each."""
        return tuple(map(str, self.changes))

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


def _changes(before: BundleRecord | None, now: BundleRecord, rule: str) -> Iterator[Change]:
    """What is different; with a rule, of it alone."""
    if before is None:
        if not rule:
            yield Change(Changed.FIRST)
        elif text := text_of_rule(now, rule):
            yield Change(Changed.RULE_NEW, rule, became=_status_in(text))
        return
    if rule:
        old, new = text_of_rule(before, rule), text_of_rule(now, rule)
        if old != new:
            yield Change(Changed.RULE_GONE if not new else Changed.RULE_EDITED if old else Changed.RULE_NEW, rule)
    else:
        yield from _named(sorted(_files(before, now), key=lambda each: each.what))
        yield from _fitted(before, now)
        if before.feed != now.feed:
            yield Change(Changed.FEED_HEALTHY if now.feed.get("healthy", True) else Changed.FEED_BROKE)
    for each in sorted(before.launched.keys() | now.launched.keys()):
        was, became = status_of(before, each), status_of(now, each)
        if was != became and rule in ("", each):
            yield Change(Changed.STATUS, each, was, became)


def _fitted(before: BundleRecord, now: BundleRecord) -> Iterator[Change]:
    if before.clv != now.clv:
        yield Change(Changed.MODEL)
    if before.goods != now.goods:
        yield Change(Changed.GOODS)


def _files(before: BundleRecord, now: BundleRecord) -> Iterator[Change]:
    for name in before.files.keys() | now.files.keys():
        if name not in now.files:
            yield Change(Changed.FILE_GONE, name)
        elif name not in before.files:
            yield Change(Changed.FILE_NEW, name)
        elif before.files[name] != now.files[name]:
            yield Change(Changed.FILE_EDITED, name)


def _named(changes: list[Change]) -> Iterator[Change]:
    yield from changes[:_MOST_NAMED]
    if len(changes) > _MOST_NAMED:
        yield Change(Changed.MORE_FILES, str(len(changes) - _MOST_NAMED))


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
