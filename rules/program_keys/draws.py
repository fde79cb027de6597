"""The section of program.yaml about draws and instant wins."""

from collections.abc import Mapping
from typing import Any, Final

from rules.language.schema_parts import DURATION
from rules.program_keys.key import ID, Key, yaml
from stamgast.domain.draws import MOST_ENTRIES, MOST_PLACES, USUAL_ENTRIES

_WHEN: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?$",
}
_STOCK: Final[dict[str, Any]] = {"type": "integer", "minimum": 1}
_ENTRIES: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": MOST_ENTRIES}

_PRIZE: Final = Key(
    "How many there are of this reward; of an instant win in these words.",
    keys={
        "odds": Key("How many tickets hit it: `1 in 20`, or `5%`.", {"type": ["string", "number"]}),
        "stock": Key("How many are given in all.", _STOCK),
        "per_day": Key("How many on one day of the shop's.", _STOCK),
    },
    needed=("odds", "stock"),
    or_else={"type": "integer", "minimum": 1, "maximum": MOST_PLACES},
)
_DRAW: Final = Key(
    "A draw by its id, which is for this one time.",
    keys={
        "opens": Key("From when on entries count: a moment, or the first day.", _WHEN),
        "closes": Key("Until when: a moment, or the last day.", _WHEN),
        "drawn": Key("When it is drawn. Without it each entry is decided at once: an instant win.", _WHEN),
        "prizes": Key("What is won, the first prize first; each a reward.", each=_PRIZE, names=ID),
        "reserves": Key(
            "How many stand by for prizes that nobody claims; none where nothing is said.",
            {"type": "integer", "minimum": 0, "maximum": MOST_PLACES},
        ),
        "per_customer": Key(f"Entries of one customer at most; {USUAL_ENTRIES} where nothing is said.", _ENTRIES),
        "per_day": Key("Those of one day.", _ENTRIES),
        "per_purchase": Key("Those that one purchase brings.", _ENTRIES),
        "claim_within": Key("How long a prize can be claimed; as long as the reward is valid, else.", DURATION),
    },
    needed=("opens", "closes", "prizes"),
)

DRAWS: Final[Mapping[str, Key]] = {
    "draws": Key(
        "Prize draws, and instant wins; see [draws](draws.md).",
        each=_DRAW,
        names=ID,
        example=yaml("""
            draws:
              december:
                opens: 2026-12-01
                closes: 2026-12-24
                drawn: 2026-12-27 12:00
                prizes: {free_loaf: 10}
                reserves: 5
                per_customer: 20
                per_day: 2
                per_purchase: 1
                claim_within: 30 days
              wheel:
                opens: 2026-12-01
                closes: 2026-12-24
                prizes: {free_loaf: {odds: 1 in 20, stock: 200, per_day: 10}}
                per_day: 1
            """),
    ),
}
