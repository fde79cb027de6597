"""How much one merchant's files may hold, so that reading them ends, and every purchase under them.

They are bounds of the door: files that were published before there was one stay in force
(`Source.refuse_from_now_on`). What holds for a file alone (its size, depth, number of values) stands in
`rules.yaml.source`.
"""

from typing import Final

from rules.yaml.nodes import Mark, Node
from rules.yaml.reader import Reader

MOST_RULES: Final = 1_000
MOST_CONDITIONS: Final = 100
"""Of one rule: each may be asked at every purchase."""
MOST_CONDITIONS_IN_ALL: Final = 5_000
MOST_ACTIONS: Final = 20
"""Of one rule."""
MOST_MESSAGES: Final = 10
"""That one rule sends, and `wait`s: a customer has some dozen that wait at most."""
MOST_VARIANTS: Final = 5
MOST_UNLESS: Final = 10
"""Triggers after one `unless`."""
MOST_STAMPS_AT_ONCE: Final = 50
"""That one action puts on a card."""
MOST_NOTIFIED: Final = 5
"""People whom one action tells."""
MOST_TAGS_AT_ONCE: Final = 50
"""That one action adds, or takes."""
MOST_STORES: Final = 2_000
MOST_REWARDS: Final = 500
MOST_TEMPLATES: Final = 1_000
MOST_LANGUAGES: Final = 30
MOST_NEIGHBOURS: Final = 10
"""Countries that a number without a country code is tried for."""
MOST_NOBODYS_PHONES: Final = 100
MOST_GOODS: Final = 1_000
"""Products, or categories, of one card."""
MOST_WORDS: Final = 1_000
"""Categories with a margin; sources with a cost."""
MOST_CAPS: Final = 10
"""Of one purpose: each is held against the messages of a month, at every message."""
LONGEST_TEXT: Final = 10_000
"""Characters of a template, or of one of its variables: a message has 1,600."""
LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 2_000
MOST_STEPS_IN_ALL: Final = 20_000
"""Purchases, refunds and waits of all tests of a merchant: they are played at every check."""


def hold_to(reader: Reader, at: Node | Mark, what: str, count: int, most: int) -> None:
    """Note that there is more of something than may be."""
    if count > most:
        reader.refuse_from_now_on(
            at, f"{what}: {count:,}, and at most {most:,} are taken", "Leave some out, or split it."
        )


def hold_length(reader: Reader, at: Node | Mark, what: str, text: str, most: int) -> None:
    """Note that a text is longer than it may be."""
    if len(text) > most:
        hint = f"Shorten it by {len(text) - most:,} characters."
        reader.refuse_from_now_on(at, f"{what} has {len(text):,} characters, and at most {most:,} are taken", hint)
