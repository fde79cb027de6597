"""The occasions that a rule has fired for, as a customer's state remembers them: the newest few.

The cards of a stamp card are numbered, and stand as one run (`card:bread:1-20`): one purchase may fill more of them
than are remembered otherwise, and each of them may be taken back and filled again.
"""

from collections.abc import Sequence
from typing import Final

REMEMBERED: Final = 12
"""How many a rule's are remembered; older ones cannot come back in practice."""
CARDS: Final = "card:"
"""How the occasions begin that are stamp cards: `card:bread:3` is the third."""


def card_occasion(card: str, number: int) -> str:
    """The occasion that a stamp card's card of that number is."""
    return f"{CARDS}{card}:{number}"


def card_of(occasion: str) -> tuple[str, int]:
    """Which stamp card an occasion is of, and which of its cards; nothing for any other occasion."""
    if not occasion.startswith(CARDS):  # most are none, and this is asked at every firing
        return "", 0
    card, _, number = occasion[len(CARDS) :].rpartition(":")
    return (card, int(number)) if card and number.isdecimal() else ("", 0)


def is_among(occasion: str, remembered: Sequence[str]) -> bool:
    """Whether it is one of those."""
    if not remembered:
        return False
    if occasion in remembered:
        return True
    card, number = card_of(occasion)
    return bool(card) and any(first <= number <= last for first, last in _runs(card, remembered))


def with_one_more(remembered: Sequence[str], occasion: str) -> list[str]:
    """The occasions with a new one at their end; the oldest goes if there are too many."""
    card, number = card_of(occasion)
    if card:
        for first, last in _runs(card, remembered):
            if last == number - 1:
                run = card_occasion(card, first)
                others = [each for each in remembered if each not in {f"{run}-{last}", run}]
                return [*others, f"{run}-{number}"][-REMEMBERED:]
    return [*remembered, occasion][-REMEMBERED:]


def _runs(card: str, remembered: Sequence[str]) -> list[tuple[int, int]]:
    found, start = [], f"{CARDS}{card}:"
    for each in remembered:
        if each.startswith(start):
            first, _, last = each[len(start) :].partition("-")
            if first.isdecimal():
                found.append((int(first), int(last or first)))
    return found
