"""`GET /app/rules/{rule}/history`: every version in which the rule changed, who made it and why, and the way back."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.units import Millis
from stamgast.marketer.rule_files import record_of
from stamgast.programs.record import OURSELVES, BundleRecord
from stamgast.programs.versions import Change, Version, text_of_rule, versions
from stamgast.users.rights import Right
from stamgast.users.roster import Roster
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.marketer.rules import in_force_or_refuse, rule_in
from stamgast.web.pages.marketer.showing import show_later

_HERE: Final = "/app/rules"
_MOST_SHOWN: Final = 40


class Made(Struct, frozen=True):
    """A version. `by` is what whoever made it is called, empty where Stamgast did by itself; `tripped` a trip wire."""

    number: int
    hash: str
    at: Millis
    who: str
    by: str
    why: str
    by_itself: bool
    status: str
    changes: list[dict[str, str]]
    tripped: dict[str, Any] | None
    changed: list[str]
    """The same in English sentences, as `rules history --json` has them."""
    back: bool
    """Its text is another than the one in force: there is something to go back to."""


class History(Struct, frozen=True):
    """Newest first; `before` is where older ones begin, None at the end."""

    rule: str
    versions: list[Made]
    before: int | None


@open_to(Right.SEE_OVERVIEW)
async def get_history(request: Request) -> Response:
    """Show it; `?before=` goes on where the page before ended."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    found = await in_force_or_refuse(request, visitor)
    rule = rule_in(found, request.path_params["rule"]).rule
    deps, given = deps_of(request), request.query_params.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() else None

    async def read() -> History:
        told: deque[Version] = deque(maxlen=_MOST_SHOWN + 1)
        async for each in versions(deps.kafka, deps.topics.programs, visitor.merchant, rule):
            if before is None or each.in_force.number < before:
                told.append(each)
        shown = list(told)[-_MOST_SHOWN:][::-1]
        now = text_of_rule(record_of(found.packed), rule)
        made = [_made(each, rule, now, deps.roster) for each in shown]
        return History(rule, made, shown[-1].in_force.number if len(told) > len(shown) else None)

    return await show_later(
        request, "rule_history.html", read, visitor=visitor, program=found.program, here=_HERE, rule=rule
    )  # fmt: skip


def _made(version: Version, rule: str, now: str, roster: Roster) -> Made:
    record = version.in_force.record
    text = text_of_rule(record, rule)
    by_itself = record.who == OURSELVES
    return Made(
        version.in_force.number, record.hash, record.published_at, record.who,
        "" if by_itself else _called(roster, record.who), record.why, by_itself, version.status,
        [{"kind": each.kind, "what": each.what, "was": each.was, "became": each.became} for each in version.changes],
        _tripped(record, rule, version.changes) if by_itself else None,
        list(version.changed), bool(text) and text != now,
    )  # fmt: skip


def _called(roster: Roster, who: str) -> str:
    """Who publishes by command gives a name; who does on a page is known by an id."""
    return roster.seal.open(who, roster.table.sealed_names().get(who, "")) or who


def _tripped(record: BundleRecord, rule: str, changes: tuple[Change, ...]) -> dict[str, Any] | None:
    launch = record.launched.get(rule)
    if launch is None or not launch.tripped or not any(each.became == launch.status for each in changes):
        return None
    return {"wire": launch.wire, "found": launch.figures[0], "of": launch.figures[1], "why": launch.tripped}
