"""What a mistyped word was meant to be: the one suggester of all answers, warnings and hints.

Words are compared as people write them: without case, accents and separators. Letters that swapped places or stand
beside each other on a keyboard are a smaller slip than others; so is one too many, or too few.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_LONGEST: Final = 64
_SLIP, _WRONG = 0.75, 1.0
"""A neighbour on the keyboard, a letter typed twice or once, two that swapped; any other letter."""
_ROWS: Final = (("qwertyuiop", "asdfghjkl", "zxcvbnm"), ("azertyuiop", "qsdfghjklm", "wxcvbn"))
_ALIKE: Final = 0.66
"""How many of both words' letters stand in one order in both: `stamp_card` and `stamps_card_full`."""
_SURELY_ALIKE: Final = 0.85
_FEWEST: Final = 3
"""Letters of a part of a word that may stand for the whole: `dok` for `dok-noord`."""
_PREFERRED: Final = 0.25


def nearest(word: str, known: Iterable[str], *, prefer: str = "") -> str:
    """The known word that was meant by one that is none of them; empty if none is near.

    Of several that are as near, `prefer` goes first, then the one that stands first.
    """
    return _nearest(word[:_LONGEST], tuple(known), prefer)


def meant_by(word: str, known: Iterable[str]) -> str:
    """The same, only where it can hardly be a word of its own: said of words that are taken as they stand."""
    return _meant_by(word[:_LONGEST], tuple(sorted(known)))


@lru_cache(maxsize=4_096)
def _nearest(word: str, known: tuple[str, ...], prefer: str) -> str:
    plain = folded(word)
    if not plain:
        return ""
    best, found = _limit(plain), ""
    for each in known:
        other = folded(each)
        if other == plain:
            return each
        far = _distance(plain, other, best) - (_PREFERRED if each == prefer else 0)
        if far < best or (far == best and not found):
            best, found = far, each
    return found or _part_of(word, known) or _alike(word, known, _ALIKE)


@lru_cache(maxsize=4_096)
def _meant_by(word: str, known: tuple[str, ...]) -> str:
    plain = folded(word)
    for each in known:
        if folded(each) == plain:
            return each
    slips = [each for each in known if _distance(plain, folded(each), _SLIP) <= _SLIP]
    if slips and len(plain) > _FEWEST + 1:
        return slips[0]
    return _alike(word, known, _SURELY_ALIKE)


def folded(word: str) -> str:
    """A word without case, accents and what stands between its parts."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in plain if each.isalnum())


def _limit(plain: str) -> float:
    """How far off a word of its length may be."""
    if len(plain) == 1:
        return 0.0
    return 1.0 if len(plain) < 6 else 2.0 if len(plain) < 10 else 3.0


def _part_of(word: str, known: tuple[str, ...]) -> str:
    """The one word that begins with this one, or has it as a part."""
    plain = folded(word)
    if len(plain) < _FEWEST:
        return ""
    holding = [each for each in known if folded(each).startswith(plain) or plain in map(folded, _parts(each))]
    return holding[0] if len(holding) == 1 else ""


def _parts(word: str) -> list[str]:
    return "".join(each if each.isalnum() else " " for each in word.casefold()).split()


def _in_parts(word: str) -> str:
    return "_".join(_parts(word))


def _alike(word: str, known: tuple[str, ...], cutoff: float) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  rarely needed, and takes its time to import

    by_plain = {_in_parts(each): each for each in reversed(known)}
    near = get_close_matches(_in_parts(word), by_plain, n=1, cutoff=cutoff)
    return by_plain[near[0]] if near else ""


def _distance(one: str, other: str, most: float) -> float:
    """How many slips lie between two words; more than `most` is not told apart."""
    beyond = most + _WRONG
    if _SLIP * abs(len(one) - len(other)) > most or _missing(one, other) * _SLIP > most:
        return beyond
    before: list[float] = []
    row = [_WRONG * n for n in range(len(other) + 1)]
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [row[0] + _too_many(one, i)]
        for j, wanted in enumerate(other, 1):
            cost = min(
                before[j] + _too_many(one, i),
                row[j - 1] + _too_many(other, j),
                before[j - 1] + (0 if letter == wanted else _SLIP if wanted in _beside(letter) else _WRONG),
            )
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted and letter != wanted:
                cost = min(cost, last[j - 2] + _SLIP)
            row.append(cost)
        if min(row) > most and min(before) > most:  # two letters that swapped reach back over one
            return beyond
    return row[-1]


def _missing(one: str, other: str) -> int:
    """Letters of one that the other has not."""
    rest = list(other)
    count = 0
    for letter in one:
        if letter in rest:
            rest.remove(letter)
        else:
            count += 1
    return count


def _too_many(word: str, place: int) -> float:
    """A letter that is there in one of them only."""
    return _SLIP if place > 1 and word[place - 1] == word[place - 2] else _WRONG


@lru_cache(maxsize=64)
def _beside(letter: str) -> frozenset[str]:
    """Its neighbours on a keyboard, be it one of the Netherlands or of Belgium."""
    found: set[str] = set()
    for rows in _ROWS:
        for number, row in enumerate(rows):
            if (at := row.find(letter)) < 0:
                continue
            found |= set(row[max(0, at - 1) : at + 2])
            if number:
                found |= set(rows[number - 1][at : at + 2])
            if number + 1 < len(rows):
                found |= set(rows[number + 1][max(0, at - 1) : at + 1])
    return frozenset(found - {letter})
