"""Letters and digits that people read aloud and type: none can be taken for another.

`0123456789ABCDEFGHJKMNPQRSTVWXYZ` (Crockford's): without I, L, O and U. Whoever types those means 1, 1, 0 and V; small
letters, spaces and dashes make no difference.
"""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT: Final = str.maketrans("ILOU", "110V")


def read_typed(text: str, length: int) -> str:
    """What was typed, as it is kept; empty for what cannot be so many letters of the alphabet."""
    plain = "".join(letter for letter in text.upper() if letter.isalnum()).translate(_MEANT)
    return plain if len(plain) == length and all(letter in ALPHABET for letter in plain) else ""


def letters_of_partition(partition: int) -> str:
    """Two letters for a partition below 1,024."""
    return ALPHABET[partition >> 5 & 31] + ALPHABET[partition & 31]


def partition_in(code: str) -> int:
    """The partition that a code begins with."""
    return ALPHABET.index(code[0]) << 5 | ALPHABET.index(code[1])
