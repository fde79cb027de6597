"""The section of program.yaml about customers who bring others."""

from collections.abc import Mapping
from typing import Final

from rules.language.schema_parts import DURATION, MONEY
from rules.program_keys.key import WORD, Key, yaml

FRIENDS: Final[Mapping[str, Key]] = {
    "referral": Key(
        "Customers bring friends by a code; see [friends](referral.md). `true` is all that is usual.",
        keys={
            "reward": Key("What whoever invited is given at a friend's purchase, without a rule.", WORD),
            "friend_reward": Key("What the friend is given for it.", WORD),
            "least": Key("What the friend has to spend in one purchase; anything else.", MONEY),
            "within": Key("How long after they were invited; 90 days else.", DURATION),
            "most": Key(
                "Friends of one customer that count in a month; more bring nothing.",
                {"type": "string", "pattern": "^[1-9][0-9]{0,3} (per|a) month$"},
            ),
            "join": Key(
                "The code of `join` that says what a friend agrees to who writes JOIN and a customer's code; "
                "where there is one alone, that one.",
                WORD,
            ),
        },
        or_else={"type": "boolean"},
        bare=True,
        example=yaml("""
            referral:
              reward: free_loaf
              friend_reward: free_loaf
              least: 10 EUR
              within: 60 days
              most: 5 per month
              join: korenmarkt
            """),
    ),
}
