"""The occasions that a rule has fired for, as a customer's state remembers them: the newest few.

The cards of a stamp card are numbered, and stand as one run (`card:bread:1-20`): one purchase may fill more of them
than are remembered otherwise, and each of them may be taken back and filled again.
"""

from collections.abc import Sequence
from typing import Final

REMEMBERED: Final = 12
"""How many a rule's are remembered; older ones cannot come back in practice."""
_CARD: Final = "card:"


def is_among(occasion: str, remembered: Sequence[str]) -> bool:
    """Whether it is one of those."""
    if not remembered:
        return False
    if occasion in remembered:
        return True
    card, number = _of_card(occasion)
    return bool(card) and any(first <= number <= last for first, last in _runs(card, remembered))


def with_one_more(remembered: Sequence[str], occasion: str) -> list[str]:
    """The occasions with a new one at their end; the oldest goes if there are too many."""
    card, number = _of_card(occasion)
    if card:
        for first, last in _runs(card, remembered):
            if last == number - 1:
                others = [each for each in remembered if each not in {f"{card}{first}-{last}", f"{card}{first}"}]
                return [*others, f"{card}{first}-{number}"][-REMEMBERED:]
    return [*remembered, occasion][-REMEMBERED:]


def _of_card(occasion: str) -> tuple[str, int]:
    """`card:bread:3` -> its part up to the number, and that; nothing for any other occasion."""
    if not occasion.startswith(_CARD):  # most are none, and this is asked at every firing
        return "", 0
    start, _, number = occasion.rpartition(":")
    return (f"{start}:", int(number)) if start.startswith(_CARD) and number.isdecimal() else ("", 0)


def _runs(card: str, remembered: Sequence[str]) -> list[tuple[int, int]]:
    found = []
    for each in remembered:
        if each.startswith(card):
            first, _, last = each[len(card) :].partition("-")
            if first.isdecimal():
                found.append((int(first), int(last or first)))
    return found
