"""Which purchases wait for a person, worked out again: how large they are, and whether anybody may have meant that."""

import math
from dataclasses import dataclass
from typing import Any

import msgspec

from stamgast.domain.events import Purchase
from stamgast.domain.ledger import digest_of_held, encode_held
from stamgast.domain.program import CardDefinition, Program
from tests.oracle_figures import Part, part_of, without_rate
from tests.oracle_sales import Sale

AT_MOST = 200
"""Rewards of one purchase, whatever a person says."""


@dataclass(frozen=True)
class Size:
    """Pieces of a line, the largest amount, and the cards it could fill."""

    pieces: int
    amount: int
    rewards: int


ANY_SIZE = Size(10**12, 10**18, 10**12)
"""What a person who confirms whatever there is has seen."""


@dataclass(frozen=True)
class Held:
    """A purchase that waits, and the name of the state in which it does."""

    sale: Sale
    seen: str


def seen_of(purchase: dict[str, Any]) -> str:
    """What a verdict names; the one thing that is the engine's own word."""
    return digest_of_held(encode_held(msgspec.convert(purchase, Purchase)))


def size_of(sale: Sale, program: Program) -> Size:
    """How large a purchase is."""
    part = part_of(sale, program)
    amounts = [sale.spend, *(item.gross for item in sale.items), *(item.cost or 0 for item in sale.items)]
    return Size(
        pieces=max((math.ceil(abs(item.quantity)) for item in sale.items), default=0),
        amount=max(map(abs, amounts)) if sale.currency == program.currency else 0,
        rewards=sum(filled(part, card) for card in program.cards.values()),
    )


def filled(part: Part, card: CardDefinition) -> int:
    """Cards that its stamps fill at most, if the one that has been begun lacks nothing but one."""
    stamps = part.stamps.get(card.id, 0)
    if card.max_per_day is not None:
        stamps = min(stamps, card.max_per_day)
    return math.ceil(stamps / card.stamps_required)


def waits(sale: Sale, program: Program, agreed: Size | None = None) -> bool:
    """Whether it waits under that programme; `agreed` is what a person has confirmed of it."""
    if without_rate(sale, program):
        return True
    size, most = size_of(sale, program), program.review_above
    part = part_of(sale, program)
    if size.rewards > AT_MOST:
        return True
    doubtful = size.pieces > most.pieces or (most.amount is not None and size.amount > most.amount)
    for card in program.cards.values():
        doubtful |= filled(part, card) > (program.most_rewards if card.most_rewards is None else card.most_rewards)
    if agreed is None:
        return doubtful
    larger = size.pieces > agreed.pieces or size.amount > agreed.amount or size.rewards > agreed.rewards
    return doubtful and larger
