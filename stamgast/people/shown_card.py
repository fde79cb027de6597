"""What a card shows of somebody's state: on its page, its picture, at a till, in a wallet."""

from dataclasses import dataclass

from stamgast.domain.customer import Customer
from stamgast.domain.customer import Voucher as Held
from stamgast.domain.program import CardDefinition, Program
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import VoucherState
from stamgast.people.view import show_voucher, until_of
from stamgast.people.worth_words import times_left, worth_in_words


@dataclass(frozen=True, slots=True)
class Stamps:
    """One stamp card."""

    card: str
    name: str
    stamps: int
    of: int
    missing: int
    owed: int
    """Stamps that a return took and that were used already: the next ones go there."""
    reward: str
    """What a full one gives; empty: its rules decide."""
    completed: int
    until: str = ""
    """The last day of its stamps (2026-10-31), once a message has warned of it; empty: they stay."""
    ran_out: int = 0
    """Stamps that ran out."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """What can be fetched now. `until` is the last business day (2026-10-31)."""

    code: str
    """As a till scans it."""
    short: str
    """As it is read and typed."""
    reward: str
    worth: str
    """What it still takes off, of one that is worth money; empty: what its reward says."""
    uses_left: int
    """1 of one whose rest is kept: it is good until nothing is left."""
    until: str


def vouchers_of(state: Customer, program: Program, language: str, at: Millis) -> list[Voucher]:
    """Those that can be used at a moment, which ends first standing first."""
    open_ = [each for each in state.vouchers if each.state == VoucherState.OPEN and each.expires_at > at]
    open_.sort(key=lambda each: (each.expires_at, each.code))
    return [_voucher(each, program, language) for each in open_]


def _voucher(held: Held, program: Program, language: str) -> Voucher:
    shown = show_voucher(held, program)
    return Voucher(
        code=shown["code"],
        short=shown["short_code"],
        reward=name_of_reward(program, held.reward, language) or held.reward,
        worth=worth_in_words(held.terms, program.currency, language),
        uses_left=times_left(held.terms),
        until=shown["valid_until"],
    )


def stamps_on(state: Customer, card: CardDefinition, program: Program, language: str) -> Stamps:
    """What stands on a card."""
    held = state.cards.get(card.id)
    balance = held.balance if held is not None else 0
    stamps = max(0, min(balance, card.stamps_required))
    return Stamps(
        card=card.id,
        name=card.name(language),
        stamps=stamps,
        of=card.stamps_required,
        missing=card.stamps_required - stamps,
        owed=max(0, -balance),
        reward=name_of_reward(program, card.reward or "", language),
        completed=held.completed if held is not None else 0,
        until=until_of(held, card, program),
        ran_out=held.expired if held is not None else 0,
    )


def name_of_reward(program: Program, reward: str, language: str) -> str:
    """What people read; in the programme's first language where nobody has said it in theirs."""
    known = program.rewards.get(reward)
    if known is None:
        return ""
    names = known.names
    return next((names[each] for each in (language, *program.languages) if each in names), next(iter(names.values())))
