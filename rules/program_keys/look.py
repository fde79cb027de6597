"""The section of program.yaml about how the pages look that customers see."""

from collections.abc import Mapping
from typing import Final

from rules.program_keys.key import Key, yaml

_DRAWING: Final = {"type": "string", "pattern": r"^look/[A-Za-z0-9][A-Za-z0-9_-]{0,40}\.svg$"}
LOOK: Final[Mapping[str, Key]] = {
    "look": Key(
        "How the pages look that customers see; see [their pages](customer-pages.md). Drawings are SVG of shapes "
        "alone, at most 24,000 characters, in the folder `look/` beside program.yaml.",
        keys={
            "colour": Key(
                "The shop's colour; where it could not be read it is moved towards black or white.",
                {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
            ),
            "logo": Key("Drawn above, as it is.", _DRAWING),
            "stamp": Key("The mark of each stamp; what has no colour of its own takes that of the card.", _DRAWING),
            "privacy": Key("Where the shop says what it does with what it knows of people.", {"type": "string"}),
        },
        example=yaml("""
            look:
              colour: "#0b6e4f"
              logo: look/logo.svg
              stamp: look/loaf.svg
              privacy: https://shop.example/privacy
            """),
    ),
}
