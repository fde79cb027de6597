"""Of each kind of key that a partition has: what `stamgast verify` looks at, or why it cannot.

Whoever adds a kind of key, or a field of a partition's meta, decides here. docs/operations.md shows both tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stamgast.state.meta_fields import Family
from stamgast.state.partition_meta import (
    CAMPAIGNS,
    CHESTS,
    DRAWS,
    IN_FORCE,
    PAUSED,
    POOLS,
    PURSES,
    SCHEDULES,
    SHELVES,
    SOURCES,
    STORE_FEEDS,
    URNS,
)

VERIFIED: Final[Mapping[str, str]] = {
    "customer": "each state, field by field",
    "ledger": "each entry",
    "timers": "each customer's earliest",
    "roll": "each customer stands there, once",
    "stats": "each counter; not those of days more than ten weeks ago, which owners drop",
    "rule_months": "each counter; not those of months more than two years ago, which owners drop",
    "review": "each purchase",
    "claims": "each claim that waits for a person, while the log has its beginning",
    "asks": "each activation that waits for money",
    "wants": "each voucher that waits for a code of the shop's own",
    "pool": "how many codes, the first and the last of them",
    "entries": "each customer who takes part in a draw, with the lowest ticket",
    "voucher": "whose each code is, while it is kept",
    "answer": "those of the newest day",
    "outbox": "each message",
    "lane": "each message waits in its lane, or is in somebody's hands; nothing else stands there",
    "lanes": "each lane in which something waits is among those that are worked at",
    "sending": "is of a message that is not finished",
    "doubt": "has its look-up, and stands in its customer's set",
    "looks": "is of a doubt",
    "doubts": "is of a doubt",
    "begun": "is of a message that is not finished, or in doubt",
    "bound": "those of the newest two days",
    "attempts": "each attempt that stands open in the log of activations",
    "parked": "how many wait of each merchant, the first and the last of them",
    "meta": "bundles, paused rules, schedules, campaigns, budgets, codes, draws, feeds, sources; the rest below",
    "transaction": "each, while the log has its beginning",
    "box": "each old transaction, and that it is one, while the log has its beginning",
}
"""Kind of key (`stamgast.state.keys.PartitionKeys`) -> what is compared."""
UNVERIFIED: Final[Mapping[str, str]] = {
    "none": "nothing ever stands there",
    "queue": "what an old version left; a taking moves it to its lanes, and `outbox` tells what is lost",
    "notes": "lines on their way to `activations.v1` and `facts.v1`; the log does not say which are written already",
    "limits": "what was taken of daily limits, at the submission and by Redis's clock; filled from `activations.v1`",
    "limit_share": "as `limits`; one that is lost lets a rule send more on that day, never less than asked",
    "told": "what was logged of budgets; one that is lost is logged again",
    "recent": "who is to go into a box, and when; one that is lost keeps its key until it is over",
    "walks": "how far a walk over customers is that goes on; it is looked at, and nothing goes by it",
    "referral": "whose each friend's code is: the state has its own code, which is compared, and was written with it",
    "stop": "follows from `suppressions.v1`, whose view is asked again before each submission",
}
"""The same -> why it cannot be."""
META_VERIFIED: Final[tuple[Family[Any, Any], ...]] = (
    *(IN_FORCE, PAUSED, SCHEDULES, CAMPAIGNS, SOURCES, PURSES, CHESTS, STORE_FEEDS, DRAWS, URNS),
    *(POOLS, SHELVES),
)
META_UNVERIFIED: Final[Mapping[str, str]] = {
    "token": "who owns it",
    "cluster": "which Kafka it is of: held against the broker at each taking",
    "topic": "as `cluster`",
    "wm": "it says up to where everything else is compared",
    "time": "it stands in whatever it stamped",
    "clock": "it says by which clock the log is judged",
    "goal": "of this run of Redis",
    "half": "told instead of a comparison",
    "ended": "of the newest step",
    "begun:": "of the newest step",
    "trial": "of the step under way",
    "aside": "it says which records are passed over",
    "progress": "of the newest step",
    "log": "it says up to where attempts are compared",
    "boxes": "how many there are: an old transaction is looked for by it",
    "boxed": "how many stand in them: it says when there is one more",
    "f:": "when a till was last heard of: the leader's watch goes by it, no state does",
    "w:": "by which bundle timers were reviewed; the timers themselves are compared",
    "waits": "how far what waits is taken up: what waits is compared up to there",
    "turns": "it only tells steps apart",
}
"""Fields of a partition's meta -> why they are not compared."""
