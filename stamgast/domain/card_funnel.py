"""How far customers are with a stamp card: how many have one stamp on it, two, and so on."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from msgspec import Struct

from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.measuring import Sum
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import VoucherState


class CardFunnel(Struct, frozen=True):
    """A card: customers by the stamps on the one that they are filling, and what became of full ones."""

    card: str
    stamps_required: int
    holding: list[int]
    """How many customers have one stamp, two, ... on it now."""
    owing: int
    """How many owe stamps: what was given for them is used, and what earned it was taken back."""
    stamps: int
    """Stamps that stand on all of them together, less those that are owed."""
    full: int
    """Cards that were ever filled, less those that were taken out again."""
    rewards: list[str]
    """What full ones give, by the card itself or by rules."""
    given: int
    """How many of those rewards were given, for whatever reason."""
    redeemed: int
    ran_out: int = 0
    """Stamps that ran out."""


@lru_cache(maxsize=1024)
def holding(card: str, stamps: int) -> str:
    """The counter of the customers with so many stamps on a card; nobody counts who has none."""
    return counter(Counter.CARD, card, Tally.ON, str(stamps))


@lru_cache(maxsize=1024)
def stamps_of(card: str) -> str:
    """The counter of the stamps that stand on all cards of a kind."""
    return counter(Counter.CARD, card, Sum.STAMPS)


@lru_cache(maxsize=1024)
def ran_out(card: str) -> str:
    """The counter of the stamps that ran out on cards of a kind."""
    return counter(Counter.CARD, card, Tally.RAN_OUT)


def funnels(totals: Mapping[str, int], program: Program, full_cards: Mapping[str, Collection[str]]) -> list[CardFunnel]:
    """Every card of the programme, out of a merchant's counters. `full_cards`: what rules give for them."""
    found = []
    for card in program.cards.values():
        rewards = sorted({*full_cards.get(card.id, ()), *([card.reward] if card.reward else [])})
        found.append(_funnel(totals, card.id, card.stamps_required, rewards))
    return found


def _funnel(totals: Mapping[str, int], card: str, required: int, rewards: list[str]) -> CardFunnel:
    begins = holding(card, 0).removesuffix("0")
    on = {int(name[len(begins) :]): count for name, count in totals.items() if name.startswith(begins)}
    return CardFunnel(
        card=card,
        stamps_required=required,
        holding=[on.get(stamps, 0) for stamps in range(1, max([required - 1, *on]) + 1)],
        owing=sum(count for stamps, count in on.items() if stamps < 0),
        stamps=totals.get(stamps_of(card), 0),
        full=totals.get(counter(Counter.CARD, card, Tally.COMPLETED), 0),
        rewards=rewards,
        given=sum(totals.get(counter(Counter.REWARD, each, Tally.ISSUED), 0) for each in rewards),
        redeemed=sum(totals.get(counter(Counter.REWARD, each, VoucherState.REDEEMED), 0) for each in rewards),
        ran_out=totals.get(ran_out(card), 0),
    )
