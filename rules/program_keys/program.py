"""All sections of program.yaml; docs/rules.md and schemas/program.json are made from them.

Their examples together are a whole programme, and a test reads it and compares the words here with those that the
loader knows, section by section.
"""

from collections.abc import Mapping
from typing import Final

from rules.program_keys.budgets import BUDGETS
from rules.program_keys.draws import DRAWS
from rules.program_keys.friends import FRIENDS
from rules.program_keys.goods import SOLD
from rules.program_keys.key import Key
from rules.program_keys.look import LOOK
from rules.program_keys.messages import MESSAGES
from rules.program_keys.shop import SHOP
from rules.program_keys.value import VALUE

PROGRAM: Final[Mapping[str, Key]] = {**SHOP, **MESSAGES, **SOLD, **FRIENDS, **BUDGETS, **DRAWS, **LOOK, **VALUE}
"""In the order in which they are documented."""
NEEDED: Final = ("name", "currency", "time_zone", "languages", "stores")


def example_program() -> str:
    """The sections' examples as one file."""
    return "\n".join(key.example for key in PROGRAM.values()) + "\n"
