"""What statuses rules were launched with, beside what their files say.

A launch stands in the bundle's record and not in a file: whoever publishes may not write to the files, and files that
are published again unchanged must not undo it. It holds as long as the file says of the rule's status what it said when
it was launched; an edit of `status:` is newer, and wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from rules.engine import SPEAKING, CompiledRule
from rules.rule_set import RuleSet
from rules.yaml.words import parse_status
from stamgast.domain.trip_wires import Tripped
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import RuleStatus


class Launch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule's launch. `status` is what it was launched as, `in_file` what its file said then."""

    status: str
    in_file: str
    at: Millis = 0
    """When it began to speak: it did not before. 0 for one that does not speak."""
    expected: int = 0
    """How many messages a day are expected of it, as all customers get them; 0: nobody said."""
    tripped: str = ""
    """Why a trip wire paused it."""
    tripped_at: Millis = 0
    """0 where it did so before that was noted."""
    wire: str = ""
    """Which one (`stamgast.domain.trip_wires.Watched`)."""
    figures: tuple[int, int] = (0, 0)
    """What was found, and what it was compared with (`stamgast.domain.trip_wires.Tripped`)."""
    before: Millis = 0
    """When it began to speak the time before: with an `undo_window`, what waits of that first hour is undone."""


Launches = Mapping[str, Launch]
"""By the rule's id."""

NONE: Final[Launches] = {}


def in_force(rules: RuleSet, launches: Launches) -> RuleSet:
    """The rules with the statuses that they were launched with."""
    return rules.of(_launched(rule, launches.get(rule.id)) for rule in rules.all) if launches else rules


def _launched(rule: CompiledRule, launch: Launch | None) -> CompiledRule:
    if launch is None:
        return rule
    status = parse_status(launch.status)
    return replace(
        rule,
        status=status.name,
        canary=status.canary,
        launched_at=launch.at,
        launched_before=launch.before,
        expected=launch.expected,
    )


def speaks(status: str) -> bool:
    """Whether a rule of that status, as it is written, does something."""
    return parse_status(status).name in SPEAKING


def carried_over(launches: Launches, rules: RuleSet) -> dict[str, Launch]:
    """Those launches that still hold beside these files: their rules are there, and say of their status what they did.

    `rules` are as the files say.
    """
    return {
        rule_id: launch
        for rule_id, launch in launches.items()
        if rule_id in rules.by_id and rules.by_id[rule_id].status_text == launch.in_file
    }


def begun(launches: Launches, rules: RuleSet, spoke: Callable[[str], bool], now: Millis) -> dict[str, Launch]:
    """The launches with those that the files themselves make: it has to be known since when a rule speaks if its first
    messages can be undone. `spoke` says whether it did before.
    """
    new = {
        rule.id: Launch(rule.status_text, rule.status_text, now)
        for rule in rules.all
        if rule.undo_window and rule.id not in launches and rule.status in SPEAKING and not spoke(rule.id)
    }
    return {**launches, **new}


def with_launch(
    launches: Launches, rule: CompiledRule, status: str, now: Millis, expected: int = 0
) -> dict[str, Launch]:
    """The launches with another one. `rule` is as its file says; what says the same as the file is none."""
    known = launches.get(rule.id)
    others = {rule_id: launch for rule_id, launch in launches.items() if rule_id != rule.id}
    if not speaks(status):
        at = 0
    elif known is not None and speaks(known.status):
        at = known.at
    elif known is None and speaks(rule.status_text):
        at = 0  # it speaks already, and nobody noted since when
    else:
        at = now
    expected = expected or (known.expected if known is not None else 0)
    before = _before(known, ends=not at) if rule.undo_window and known is not None else 0
    if status == rule.status_text and not at and not before:
        return others
    return others | {rule.id: Launch(status, rule.status_text, at, expected, before=before)}


def _before(known: Launch, *, ends: bool) -> Millis:
    """When the launch began that ends now, or the one before that."""
    return known.at if ends and known.at else known.before


def with_pause(launches: Launches, rule_id: str, tripped: Tripped, now: Millis) -> dict[str, Launch]:
    """The launches after a trip wire paused a rule; only what was launched is watched."""
    known, status = launches[rule_id], str(RuleStatus.PAUSED)
    figures = (tripped.found, tripped.of)
    before = _before(known, ends=True)
    paused = Launch(status, known.in_file, 0, known.expected, tripped.why, now, tripped.wire, figures, before)
    return {**launches, rule_id: paused}
