"""Sections of program.yaml about money that rules may spend."""

from collections.abc import Mapping
from typing import Any, Final

from rules.language.schema_parts import BUDGET, MONEY, choice, one_or_more
from rules.program_keys.key import DATE, WORD, Key, yaml
from stamgast.domain.budgets import Per, WhenSpent

_WRITTEN: Final[dict[str, Any]] = BUDGET["anyOf"][0]
"""In one line."""


def _budget(meaning: str, example: str = "") -> Key:
    return Key(
        meaning,
        keys={
            "amount": Key("How much.", MONEY),
            "per": Key("In which time, on the shop's calendar; in all where nothing is said.", choice(Per)),
            "when_spent": Key(
                "What becomes of its rules then: they `stop` (so it is where nothing is said), `shrink` to fewer and "
                "fewer customers from half of it on, or go on with a warning (`warn`).",
                choice(WhenSpent),
            ),
        },
        needed=("amount",),
        or_else=_WRITTEN,
        example=example,
    )


_CAMPAIGN: Final = Key(
    "A campaign by its id.",
    keys={
        "rules": Key("Its rules; a rule may name its campaign instead.", one_or_more(WORD)),
        "budget": _budget("What all of them together may spend: `500 EUR`, `20 EUR per day`, or in these words."),
        "starts": Key("The first day on which its rules fire.", DATE),
        "ends": Key("The last one.", DATE),
    },
)

BUDGETS: Final[Mapping[str, Key]] = {
    "campaigns": Key(
        "Groups of rules with one budget, a first and a last day; see [Budgets](#budgets-and-campaigns).",
        each=_CAMPAIGN,
        names="^[a-z0-9][a-z0-9_-]{0,63}$",
        example=yaml("""
            campaigns:
              autumn:
                rules: [win-back]
                budget: {amount: 500 EUR, per: total, when_spent: shrink}
                starts: 2026-10-01
                ends: 2026-11-30
              birthdays: {budget: 50 EUR per month}
            """),
    ),
    "budget": _budget(
        "What all rules together may spend on messages and offers.",
        "budget: {amount: 2000 EUR, per: year, when_spent: warn}",
    ),
}
