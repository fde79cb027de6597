"""Words that are nearly one of a few: what was meant, without guessing at what may be a word of its own."""

import difflib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_ALIKE: Final = 0.85
_LONGEST: Final = 64


def meant_by(word: str, known: Iterable[str]) -> str:
    """The known word that this one is in another spelling, or with a letter too many, too few or wrong; else empty."""
    return _meant_by(word[:_LONGEST], tuple(sorted(known)))


@lru_cache(maxsize=4096)
def _meant_by(word: str, known: tuple[str, ...]) -> str:
    plain = {_plain(each): each for each in known}
    if found := plain.get(_plain(word)):
        return found
    near = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=_ALIKE)
    return plain[near[0]] if near else ""


def _plain(word: str) -> str:
    return " ".join(word.casefold().replace("-", " ").replace("_", " ").split())
