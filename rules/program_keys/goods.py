"""Sections of program.yaml about what is sold."""

from collections.abc import Mapping
from typing import Final

from rules.program_keys.key import GOODS, LANGUAGE, WORD, Key, yaml

SOLD: Final[Mapping[str, Key]] = {
    "recommend": Key(
        "What the shop itself says of what the action `recommend` names; see [recommendations](recommend.md).",
        keys={
            "pairs": Key(
                "A product, and what to recommend after it: before what customers are found to buy next.",
                each=Key("", GOODS),
            ),
            "out_of_stock": Key("What is not recommended, whatever is bought.", GOODS),
            "names": Key(
                "What messages call a product, instead of what the till does.",
                each=Key("", each=Key("", WORD), names=LANGUAGE),
            ),
        },
        example=yaml("""
            recommend:
              pairs: {RYE-800: [BUTTER-250, JAM-200]}
              out_of_stock: [TART-6]
              names: {BUTTER-250: {nl: boter, fr: du beurre}}
            """),
    ),
}
