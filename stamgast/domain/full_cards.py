"""The full cards of one stamp card: their numbers and sizes, and the gaps that those taken out from below others left.

A card taken out gives back as many stamps as it took when it was filled. The next one that is filled has the lowest
number that is free, so that a customer whose refund was a mistake gets the very voucher back.
"""

from collections.abc import Sequence

from stamgast.domain.customer import Card


def current(card: Card) -> int:
    """The number of the card that is being filled."""
    return card.gaps[0][0] if card.gaps else card.completed + 1


def newest(card: Card) -> int:
    """The highest number of a full card; 0: there is none."""
    return card.completed + sum([count for _, count in card.gaps]) if card.gaps else card.completed


def is_full(card: Card, number: int) -> bool:
    """Whether the card with this number is full."""
    return 0 < number <= newest(card) and not any(first <= number < first + count for first, count in card.gaps)


def lay_aside(card: Card, size: int, cards: int) -> list[int]:
    """So many of this size have been filled: their numbers."""
    numbers: list[int] = []
    while card.gaps and len(numbers) < cards:
        first, count = card.gaps[0]
        card.gaps = card.gaps[1:] if count == 1 else [[first + 1, count - 1], *card.gaps[1:]]
        _insert(card, first - 1, size)  # nothing below the lowest gap is free
        card.completed += 1
        numbers.append(first)
    left = cards - len(numbers)
    if left:
        top = newest(card)
        _insert(card, card.completed, size, left)
        card.completed += left
        numbers += range(top + 1, top + left + 1)
    return numbers


def take_newest(card: Card, above: int, most: int) -> tuple[int, int]:
    """Take out the newest, down to the next gap, size or `above`: the number of the lowest of them, how many stamps.

    `most` stamps are wanted at most, and a card more where that is no whole number of cards.
    """
    top = newest(card)
    floor = max(above, card.gaps[-1][0] + card.gaps[-1][1] - 1) if card.gaps else above
    size, count = card.sizes[-1]
    cards = min(count, top - floor, -(-most // size))
    _remove(card, card.completed - cards, cards)
    card.completed -= cards
    _forget_what_ends_it(card)
    return top - cards + 1, cards * size


def take_from_below(card: Card, numbers: Sequence[int], most: int) -> tuple[int, int, int]:
    """Take out the first of these (newest first) that are next to each other and of one size.

    Returns the number of the lowest of them, how many they are, and how many stamps.
    """
    top = numbers[0]
    size = _size_at(card, _rank(card, top))
    cards = 1
    while cards < len(numbers) and cards * size < most and numbers[cards] == top - cards:
        if _size_at(card, _rank(card, top - cards)) != size:
            break
        cards += 1
    first = top - cards + 1
    _remove(card, _rank(card, first), cards)
    card.completed -= cards
    card.gaps = _joined(sorted([*card.gaps, [first, cards]]))
    _forget_what_ends_it(card)
    return first, cards, cards * size


def _forget_what_ends_it(card: Card) -> None:
    """A gap above which nothing stands is none."""
    while card.gaps and sum(card.gaps[-1]) - 1 == newest(card):
        card.gaps = card.gaps[:-1]


def _rank(card: Card, number: int) -> int:
    """How many full cards stand below it."""
    return number - 1 - sum([min(count, number - first) for first, count in card.gaps if first < number])


def _size_at(card: Card, rank: int) -> int:
    for size, count in card.sizes:
        if rank < count:
            return size
        rank -= count
    raise IndexError(rank)


def _insert(card: Card, rank: int, size: int, cards: int = 1) -> None:
    below, above = _split(card.sizes, rank)
    card.sizes = _of_one_size([*below, [size, cards], *above])


def _remove(card: Card, rank: int, cards: int) -> None:
    below, rest = _split(card.sizes, rank)
    card.sizes = _of_one_size([*below, *_split(rest, cards)[1]])


def _split(sizes: list[list[int]], rank: int) -> tuple[list[list[int]], list[list[int]]]:
    below: list[list[int]] = []
    for place, (size, count) in enumerate(sizes):
        if rank < count:
            here = [[size, rank]] if rank else []
            return [*below, *here], [[size, count - rank], *sizes[place + 1 :]]
        below.append([size, count])
        rank -= count
    return below, []


def _of_one_size(sizes: list[list[int]]) -> list[list[int]]:
    joined: list[list[int]] = []
    for size, count in sizes:
        if joined and joined[-1][0] == size:
            joined[-1] = [size, joined[-1][1] + count]
        else:
            joined.append([size, count])
    return joined


def _joined(gaps: list[list[int]]) -> list[list[int]]:
    joined: list[list[int]] = []
    for first, count in gaps:
        if joined and sum(joined[-1]) == first:
            joined[-1] = [joined[-1][0], joined[-1][1] + count]
        else:
            joined.append([first, count])
    return joined
