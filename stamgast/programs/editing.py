"""Editing a rule of what is in force, without the shop's folder: checked as `rules check` does, and a new version.

The folder lacks the edit then. The bundle says so (`BundleRecord.edited`), and a publish of another text is refused
until it has it, or until somebody insists: neither side is undone unknowingly.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from msgspec import Struct

from rules.advice import advise
from rules.advice.rule_text import rule_texts
from rules.loader import LoadedMerchant, load_bundle, load_published
from rules.yaml.nodes import MapNode, Mark, ScalarNode
from rules.yaml.problems import Problem, has_errors
from rules.yaml.source import Source, read_yaml
from stamgast.domain.units import Millis
from stamgast.programs.publish import Signed, launched_beside
from stamgast.programs.record import BundleRecord, changed
from stamgast.programs.rule_tests import run_tests
from stamgast.programs.told_rules import told
from stamgast.programs.versions import file_of_rule, text_of_rule
from stamgast.programs.writer import InForce, ProgramWriter

MOST_TEXT: Final = 64_000
"""Bytes of a rule that is edited on a page; a longer one is edited as a file."""
_AROUND: Final = 3
_TAG_CHARS: Final = 16


class Failing(Struct, frozen=True):
    """A test of the rule that fails: what was expected and did not happen, and what happened and was not expected."""

    name: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]


class Checked(Struct, frozen=True):
    """What is to be said of a text before it comes into force. `sentence` reads it back; empty: it has errors."""

    file: str
    problems: tuple[Problem, ...]
    sentence: str = ""
    failing: tuple[Failing, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it may come into force."""
        return not has_errors(self.problems)


class StaleEditError(ValueError):
    """Somebody else changed the rule's file meanwhile."""


class WrongEditError(ValueError):
    """It has errors beside what is in force by now; `checked` says which."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(checked.problems[0].message)
        self.checked = checked


def plain(text: str) -> str:
    """Return a text as files have it: browsers send lines that end as in 1981."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") or not lines else f"{lines}\n"


def tag_of(text: str) -> str:
    """Return what tells whether a file still is as somebody read it."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:_TAG_CHARS]


def check_edit(record: BundleRecord, rule: str, text: str, now: Millis, *, with_tests: bool = False) -> Checked:
    """Say what is wrong with another text of a rule's file, beside everything else that is in force.

    With errors elsewhere the edit is to blame for those alone that were not there before.
    """
    file = file_of_rule(record, rule)
    if len(text.encode(errors="surrogatepass")) > MOST_TEXT:
        what = f"this text is longer than {MOST_TEXT:,} bytes"
        return Checked(file, (Problem(file, 1, 1, what, "Edit the file in the shop's folder, and publish it."),))
    files = {**record.files, file: text}
    loaded = load_bundle(files, record.merchant, record.clv)
    known = set(_errors(_Packed(record)))
    problems = [each for each in loaded.problems if each.file == file or _place(each) not in known]
    problems += _another_id(file, text, rule, is_wrong=has_errors(problems))
    if has_errors(problems):
        return Checked(file, _in_order(problems))
    in_force = load_published(files, record.merchant, record.clv)
    problems += [each for each in advise(in_force, "", now) if each.file == file]
    sentence = next((told(each, in_force).sentence for each in rule_texts(in_force, "") if each.rule.id == rule), "")
    return Checked(file, _in_order(problems), sentence, _failing(in_force, rule) if with_tests else ())


def differences(before: str, after: str) -> list[str]:
    """Return the lines that differ, each with ` `, `-` or `+` before it, with some around; `@@ …` between."""
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), n=_AROUND, lineterm="")
    return list(told)[2:]


class Edit(NamedTuple):
    """Another text of a rule's file. `based` is the tag of the one that it was made from."""

    rule: str
    text: str
    based: str


async def edit_rule(bootstrap: str, topic: str, merchant: str, edit: Edit, signed: Signed) -> InForce:
    """Bring an edit into force.

    Raises:
        StaleEditError: the file is another by now, or gone.
        WrongEditError: it has errors.
        BundleTooLargeError: with it, the merchant's files are too much for a record.
        EmitError: it was perhaps not appended.
    """
    async with ProgramWriter(bootstrap, topic, client_id="stamgast-edit") as writer:
        newest = writer.newest.get(merchant)
        if newest is not None:
            checked = await asyncio.to_thread(check_edit, newest.record, edit.rule, edit.text, signed.now)
            if not checked.ok:
                raise WrongEditError(checked)
        return await writer.change(merchant, lambda record: with_edit(record, edit, signed))


def with_edit(record: BundleRecord | None, edit: Edit, signed: Signed) -> BundleRecord | None:
    """Return what is in force with another text of the rule; None: it is that already.

    Raises:
        StaleEditError: the file is another by now, or gone.
    """
    rule, text, based = edit
    before = "" if record is None else text_of_rule(record, rule)
    if record is None or not before:
        raise StaleEditError(f"the rule {rule} is not in force any more")
    if before == text:
        return None
    if tag_of(before) != based:
        raise StaleEditError(f"somebody else changed the rule {rule} meanwhile")
    file = file_of_rule(record, rule)
    files = {**record.files, file: text}
    rules = load_published(files, record.merchant, record.clv).rules
    return changed(
        record, files=files, launched=launched_beside(record, rules, signed.now),
        edited={**record.edited, file: signed.now}, published_at=signed.now, who=signed.who, why=signed.why,
    )  # fmt: skip


def _failing(loaded: LoadedMerchant, rule: str) -> tuple[Failing, ...]:
    tests = tuple(each for each in loaded.tests if each.rule == rule)
    results = run_tests(replace(loaded, tests=tests))
    return tuple(
        Failing(each.case.name, tuple(each.missing), tuple(each.unexpected)) for each in results if not each.passed
    )


def _another_id(file: str, text: str, rule: str, *, is_wrong: bool) -> list[Problem]:
    """The id is what everything is remembered and measured by; an edit may not take it away."""
    source = Source(file, text)
    root = read_yaml(source)
    found = root.get("rule") if isinstance(root, MapNode) else None
    if (isinstance(found, ScalarNode) and found.text == rule) or (is_wrong and not isinstance(root, MapNode)):
        return []  # of a text that is no rule at all, that is said
    mark = found.mark if found is not None else Mark(1, 1)
    source.problem(mark, f"this is the file of the rule {rule}", f"Write `rule: {rule}`: what it did goes by that id.")
    return source.problems[-1:]


class _Packed:
    """A bundle that a cache finds by its hash."""

    def __init__(self, record: BundleRecord) -> None:
        self.record = record

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Packed) and self.record.hash == other.record.hash

    def __hash__(self) -> int:
        return hash(self.record.hash)


@lru_cache(maxsize=8)
def _errors(packed: _Packed) -> frozenset[tuple[Any, ...]]:
    record = packed.record
    return frozenset(map(_place, load_bundle(record.files, record.merchant, record.clv).problems))


def _place(problem: Problem) -> tuple[Any, ...]:
    return problem.file, problem.line, problem.message


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    by_place: Mapping[tuple[Any, ...], Problem] = {_place(each): each for each in problems}
    return tuple(sorted(by_place.values(), key=lambda each: (each.severity, each.file, each.line, each.column)))


__all__ = [
    "MOST_TEXT", "Checked", "Failing", "StaleEditError", "WrongEditError", "check_edit", "differences", "edit_rule",
    "plain", "tag_of", "with_edit",
]  # fmt: skip
