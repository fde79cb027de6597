"""What a line is by its name, where a system has no field for it: a bottle's deposit is no goods."""

import re
from functools import lru_cache
from typing import Final

DEPOSIT: Final = "deposit"
_DEPOSIT: Final = re.compile(
    r"\b(statiegeld|leeggoed|emballage|vidanges?|consignes?|pfand|einwegpfand|flaschenpfand"
    r"|(bottle|can|crate|container|cup)s? deposits?|deposit return)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_deposit(name: str | None) -> bool:
    """Whether a line of this name is a deposit on a bottle, a can or a crate (NL, BE, DE, FR and English)."""
    return name is not None and _DEPOSIT.search(name) is not None
