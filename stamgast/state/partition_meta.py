"""Every field of a partition's meta, said once: its name, what it holds, how it is written, who writes and reads it.

The meta is a hash: what an owner must know of its partition before it thinks, and who the owner is. What stands in it
goes with the watermark, in the same script as the states. `written_by` and `read_by` name modules and Lua scripts;
`tests/unit/state/test_partition_meta.py` holds them, and the names that the scripts use, against the code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stamgast.domain.purses import Chest, Purse
from stamgast.domain.shop_codes import Pool, Shelf, decode_pool, decode_shelf
from stamgast.domain.shop_codes import encode_mark as encode_codes
from stamgast.domain.units import Millis
from stamgast.domain.urns import DrawMark, Urn
from stamgast.state.backlogs import Backlog, decode_backlogs, encode_backlogs
from stamgast.state.budget_marks import decode_chests, decode_purses, encode_marks
from stamgast.state.budget_marks import key_of as budget_of
from stamgast.state.budget_marks import name_of as name_of_budget
from stamgast.state.campaign_marks import CampaignMark, decode_campaign, encode_campaign
from stamgast.state.draw_marks import NO_DRAW, NO_URN, decode_draw, decode_urn, encode_draw
from stamgast.state.draw_marks import key_of as draw_of
from stamgast.state.draw_marks import name_of as name_of_draw
from stamgast.state.feed_marks import Unwell, decode_feeds, encode_feeds
from stamgast.state.meta_fields import Family, Field, Value
from stamgast.state.meta_values import Goal, InForce, Trial
from stamgast.state.schedule_marks import Name, ScheduleMark, decode_mark, encode_mark, key_of, name_of

Mark = tuple[int, int]
"""The newest record of a source that was applied: its offset, and which of those that one record there led to."""

NOTHING_APPLIED: Final = -1
_VERIFY: Final = ("streams.maintenance.replay", "streams.maintenance.verified")
"""The watermark of a partition of which nothing has been applied."""


def _same(word: Any) -> Any:
    return word


def _mark_of_codes(mark: Pool | Shelf) -> str:
    return encode_codes(mark).decode()


def _text(name: str, holds: str, *, by: tuple[str, ...], to: tuple[str, ...]) -> Field[str]:
    return Field(name=name, holds=holds, written_by=by, read_by=to, decode=_same, encode=_same, absent=str)


def _number(
    name: str, holds: str, *, by: tuple[str, ...], to: tuple[str, ...], absent: Callable[[], int] = int
) -> Field[int]:
    return Field(name=name, holds=holds, written_by=by, read_by=to, decode=int, encode=_same, absent=absent)


def _numbers(prefix: str, holds: str, *, by: tuple[str, ...], to: tuple[str, ...]) -> Family[str, int]:
    return Family(
        prefix=prefix, holds=holds, written_by=by, read_by=to,
        decode=int, encode=_same, absent=int, key_of=str, name_of=str,
    )  # fmt: skip


def _of_rules(
    prefix: str, holds: str, decode: Callable[[str], Value], encode: Callable[[Value], str], absent: Callable[[], Value]
) -> Family[Name, Value]:
    return Family(
        prefix=prefix, holds=holds, written_by=("streams.customers.in_force",),
        read_by=("streams.customers.in_force", "stamgast.campaigns.status", *_VERIFY),
        decode=decode, encode=encode, absent=absent, key_of=key_of, name_of=name_of,
    )  # fmt: skip


def _offsets(text: str) -> tuple[int, ...]:
    return tuple(int(offset) for offset in text.split(",") if offset)


def _mark(text: str) -> Mark:
    offset, _, index = text.partition(":")
    return int(offset), int(index)


def _source_of(name: str) -> tuple[str, int]:
    topic, _, partition = name.rpartition(":")
    return topic, int(partition)


def _name_of_source(source: tuple[str, int]) -> str:
    return f"{source[0]}:{source[1]}"


# -- whose it is, and what it was made from

TOKEN: Final = _text(
    "token",
    "the token of the owner; a script with another one is refused",
    by=("take.lua", "wiped.lua", "stamgast.state.partitions"),
    to=(
        *("commit.lua", "read.lua", "read_transactions.lua", "progress.lua", "goal.lua", "list_head.lua"),
        *("wipe.lua", "wiped.lua"),
        *("doubt_due.lua", "doubt_next_look.lua", "doubt_put.lua", "doubt_settled.lua"),
        *("outbox_begin.lua", "outbox_claim.lua", "outbox_lane_empty.lua", "outbox_logged.lua", "outbox_move.lua"),
        *("outbox_return.lua", "outbox_window.lua", "outbox_withhold.lua"),
    ),
)
CLUSTER: Final = _text(
    "cluster",
    "id of the Kafka cluster whose log the state was made from",
    by=("streams.runtime.ownership",),
    to=("streams.runtime.ownership", "stamgast.state.adopting"),
)
TOPIC: Final = _text(
    "topic",
    "id of the topic that the state was made from",
    by=("streams.runtime.ownership",),
    to=("streams.runtime.ownership", "stamgast.state.adopting"),
)

# -- how far it has come

WATERMARK: Final = _number(
    "wm",
    "offset of the newest record that was applied",
    by=("commit.lua",),
    to=(
        *("commit.lua", "read.lua", "read_transactions.lua", "take.lua", "look.lua"),
        *("stamgast.state.partitions", "stamgast.state.looks"),
        *(
            "stamgast.state.adopting",
            "stamgast.code_import",
            "stamgast.demo.settling",
            "streams.customers.in_force",
            "streams.maintenance.rebuild",
        ),
        *("streams.maintenance.clock_repair", "streams.maintenance.segments", "stamgast.campaigns.starting"),
        "stamgast.marketer.health_reading",
    ),
    absent=lambda: NOTHING_APPLIED,
)
TIME: Final[Field[Millis]] = _number(
    "time",
    "recorded time of what was applied: nothing is recorded before it",
    by=("streams.runtime.position",),
    to=("streams.runtime.position", "streams.maintenance.clock_repair"),
)
SOURCES: Final[Family[tuple[str, int], Mark]] = Family(
    prefix="s:",
    holds="(id of a topic, partition) -> the newest record of that source which was applied",
    written_by=("streams.runtime.position",),
    read_by=("streams.runtime.position", *_VERIFY),
    decode=_mark,
    encode=lambda mark: f"{mark[0]}:{mark[1]}",
    absent=lambda: (-1, -1),
    key_of=_source_of,
    name_of=_name_of_source,
)
CLOCK: Final = _text(
    "clock",
    "`0:shop,1200:bounded`: from which offset on which kind of clock was believed (`stamgast.state.clock_marks`)",
    by=("streams.runtime.position",),
    to=(
        "look.lua",
        "stamgast.state.looks",
        "streams.runtime.position",
        "streams.maintenance.clock_repair",
        "streams.maintenance.rebuild",
    ),
)

# -- whether it may be believed, and what ends its owners

GOAL: Final[Field[Goal | None]] = Field(
    name="goal",
    holds="up to where the log has to be applied before the state is shown, and which run of Redis was told so",
    written_by=("goal.lua", "stamgast.state.partitions"),
    read_by=("look.lua", "stamgast.state.looks", "stamgast.state.partitions"),
    decode=Goal.parse,
    encode=str,
    absent=lambda: None,
)

HALF: Final = _text(
    "half",
    "why nothing of the state may be believed; it stands only while that is so",
    by=("take.lua", "commit.lua", "outbox_window.lua", "stamgast.state.partitions"),
    to=(
        "commit.lua",
        "look.lua",
        "stamgast.state.partitions",
        "stamgast.state.looks",
        "streams.maintenance.clock_repair",
    ),
)
ENDED: Final = _text(
    "ended", "the newest step that was written whole", by=("commit.lua",), to=("commit.lua", "take.lua")
)
BEGUN: Final = _numbers(
    "begun:",
    "step -> up to where it goes; only that of the newest step may stand there",
    by=("commit.lua",),
    to=("take.lua",),
)
TRIAL: Final[Field[Trial | None]] = Field(
    name="trial",
    holds="what is being tried, by whom: it stands while a step is thought through (`streams.runtime.suspects`)",
    written_by=("commit.lua", "streams.runtime.step"),
    read_by=("streams.runtime.suspects", "streams.runtime.ownership"),
    decode=Trial.parse,
    encode=str,
    absent=lambda: None,
)
ASIDE: Final[Field[tuple[int, ...]]] = Field(
    name="aside",
    holds="offsets of records that were laid aside because they end processes, the newest last",
    written_by=("streams.runtime.step",),
    read_by=("look.lua", "stamgast.state.looks", "streams.runtime.suspects", "streams.runtime.ownership"),
    decode=_offsets,
    encode=lambda offsets: ",".join(map(str, offsets)),
    absent=tuple,
)

# -- of transactions alone

PROGRESS: Final[Field[Millis]] = _number(
    "progress",
    "recorded time up to which everything was applied: it moves on while there is nothing to apply",
    by=("progress.lua", "streams.intake.job"),
    to=("streams.customers.timers",),
)
NEWEST_PURCHASE: Final[Family[str, Millis]] = _numbers(
    "f:",
    "merchant -> recorded time of the newest purchase",
    by=("streams.intake.job",),
    to=("streams.customers.feed_watch",),
)
_OLD: Final = ("streams.intake.old_transactions",)
BOXES: Final = _number(
    "boxes", "how many boxes of old transactions there are (`stamgast.state.boxes`)", by=_OLD, to=_OLD
)
BOXED: Final = _number("boxed", "how many stand in them, as far as their owners counted", by=_OLD, to=_OLD)

# -- of customers alone

LOG: Final = _number(
    "log",
    "offset up to which the log of activations stands in `attempts`",
    by=("outbox_logged.lua",),
    to=("streams.customers.activation_log", "streams.maintenance.verify_sending"),
)
IN_FORCE: Final[Family[str, InForce]] = Family(
    prefix="b:",
    holds="merchant -> number of its newest barrier, and hash of its bundle in force",
    written_by=("streams.customers.in_force",),
    read_by=("streams.customers.in_force", "stamgast.lookup", "stamgast.programs.barriers", *_VERIFY),
    decode=InForce.parse,
    encode=str,
    absent=lambda: InForce(-1, ""),
    key_of=str,
    name_of=str,
)
PAUSED: Final[Family[str, frozenset[str]]] = Family(
    prefix="p:",
    holds="merchant -> rules that raised under the bundle in force and rest until the next one",
    written_by=("streams.customers.in_force",),
    read_by=("streams.customers.in_force", "stamgast.lookup", "stamgast.marketer.reading", *_VERIFY),
    decode=lambda text: frozenset(text.split(",")) if text else frozenset(),
    encode=lambda rules: ",".join(sorted(rules)),
    absent=frozenset,
    key_of=str,
    name_of=str,
)
REVIEWED: Final = _numbers(
    "w:",
    "merchant -> number of the bundle by which all its timers were reviewed",
    by=("streams.customers.replan",),
    to=("streams.customers.replan",),
)
_OF_SCHEDULE: Final = "merchant:rule -> how far it is with its schedule, as JSON; empty: over"
SCHEDULES: Final = _of_rules("q:", _OF_SCHEDULE, decode_mark, encode_mark, ScheduleMark)
_OF_CAMPAIGN: Final = "merchant:rule@moment -> how far it is with a campaign, as JSON; empty: forgotten"
CAMPAIGNS: Final = _of_rules("k:", _OF_CAMPAIGN, decode_campaign, encode_campaign, CampaignMark)
PURSES: Final[Family[Name, tuple[Purse, ...]]] = Family(
    prefix="u:",
    holds="merchant:budget -> what the partition was leased of it and spent, in its newest times, as JSON",
    written_by=("streams.customers.in_force",),
    read_by=("streams.customers.in_force", "streams.maintenance.replay", "streams.maintenance.verified"),
    decode=decode_purses,
    encode=encode_marks,
    absent=tuple,
    key_of=budget_of,
    name_of=name_of_budget,
)
CHESTS: Final[Family[Name, tuple[Chest, ...]]] = Family(
    prefix="v:",
    holds="of the first partition: merchant:budget -> what was leased of it to whom, in its newest times, as JSON",
    written_by=("streams.customers.in_force",),
    read_by=("streams.customers.in_force", "streams.maintenance.replay", "streams.maintenance.verified"),
    decode=decode_chests,
    encode=encode_marks,
    absent=tuple,
    key_of=budget_of,
    name_of=name_of_budget,
)
DRAWS: Final[Family[Name, DrawMark]] = Family(
    prefix="d:",
    holds="merchant:draw -> how far the partition is with it, as JSON; empty: forgotten",
    written_by=("streams.customers.drawing",),
    read_by=("streams.customers.drawing", "streams.maintenance.verified", "stamgast.marketer.inbox_reading"),
    decode=decode_draw,
    encode=encode_draw,
    absent=lambda: NO_DRAW,
    key_of=draw_of,
    name_of=name_of_draw,
)
URNS: Final[Family[Name, Urn]] = Family(
    prefix="n:",
    holds="of the first partition: merchant:draw -> what the others told of it, as JSON; empty: forgotten",
    written_by=("streams.customers.drawing",),
    read_by=("streams.customers.drawing", "streams.maintenance.verified"),
    decode=decode_urn,
    encode=encode_draw,
    absent=lambda: NO_URN,
    key_of=draw_of,
    name_of=name_of_draw,
)
POOLS: Final[Family[Name, Pool]] = Family(
    prefix="o:",
    holds="of the first partition: merchant:reward -> how many codes of the shop's own were dealt to whom, as JSON",
    written_by=("streams.customers.code_pools",),
    read_by=(
        *("streams.customers.code_pools", "stamgast.code_import"),
        *("stamgast.marketer.reading", "streams.maintenance.verified"),
    ),
    decode=decode_pool,
    encode=_mark_of_codes,
    absent=Pool,
    key_of=draw_of,
    name_of=name_of_draw,
)
SHELVES: Final[Family[Name, Shelf]] = Family(
    prefix="y:",
    holds="merchant:reward -> codes of the shop's own that the partition is still to give, as JSON",
    written_by=("streams.customers.code_pools",),
    read_by=("streams.customers.code_pools", "stamgast.code_import", "streams.maintenance.verified"),
    decode=decode_shelf,
    encode=_mark_of_codes,
    absent=Shelf,
    key_of=draw_of,
    name_of=name_of_draw,
)
STORE_FEEDS: Final[Family[str, Unwell]] = Family(
    prefix="h:",
    holds="merchant -> which of its stores are quiet or stale, as was said last, as JSON",
    written_by=("streams.customers.in_force",),
    read_by=("streams.customers.in_force", "stamgast.lookup", "stamgast.marketer.reading", *_VERIFY),
    decode=decode_feeds,
    encode=encode_feeds,
    absent=dict,
    key_of=str,
    name_of=str,
)
WAITS: Final[Field[dict[str, Backlog]]] = Field(
    name="waits",
    holds="merchant -> how far what waited for its bundle is taken up, as JSON; empty if nothing waits",
    written_by=("streams.customers.in_force",),
    read_by=(
        *("look.lua", "stamgast.state.looks", "stamgast.demo.settling"),
        *("streams.customers.in_force", "streams.maintenance.rebuild"),
    ),
    decode=decode_backlogs,
    encode=encode_backlogs,
    absent=dict,
)
TURNS: Final = _number(
    "turns",
    "steps of what waited, ever: they tell apart what is written at one place of the log",
    by=("streams.customers.in_force",),
    to=("streams.customers.in_force",),
)

FIELDS: Final[tuple[Field[Any], ...]] = (
    *(TOKEN, CLUSTER, TOPIC, WATERMARK, TIME, CLOCK, GOAL, HALF, ENDED, TRIAL, ASIDE, PROGRESS, LOG, WAITS, TURNS),
    *(BOXES, BOXED),
)
FAMILIES: Final[tuple[Family[Any, Any], ...]] = (
    *(BEGUN, SOURCES, NEWEST_PURCHASE, IN_FORCE, PAUSED, REVIEWED, SCHEDULES, CAMPAIGNS, PURSES, CHESTS, STORE_FEEDS),
    *(DRAWS, URNS, POOLS, SHELVES),
)
