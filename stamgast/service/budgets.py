"""Money that rules with a budget ask for before they send or offer something, and what comes back of it unused.

A rule whose budget holds something back waits: its activation is held until the owner of its partition has answered on
the log, out of what the partition was leased (`stamgast.domain.purses`). So what is applied follows from the log alone.
A budget that only warns is counted, and nothing waits for it. What was earned is owed: no budget is asked for it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from rules.actions import Give
from rules.engine import CompiledRule
from rules.steps import Step
from stamgast.domain import apart
from stamgast.domain.activation import FINAL_WITHOUT_SEND, TAKEN, Activation, held_timer
from stamgast.domain.budgets import MILLS, Booked, For, Mills, charged_to, parts_of
from stamgast.domain.contact_policy import Decision
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import Charge, Voucher
from stamgast.domain.draws import is_stock
from stamgast.domain.message_price import most_of
from stamgast.domain.purses import Ask, encode_ask
from stamgast.domain.told import Arm
from stamgast.domain.units import DAY, Day
from stamgast.domain.vocabulary import ActivationState, NoteKind, Reason, Status, VoucherState
from stamgast.service import telling
from stamgast.service.case import Case

_HELD: Final = ActivationState.HELD
_MAY_COME_BACK: Final = frozenset({VoucherState.OPEN, VoucherState.REDEEMED})
_APART: Final = "apart:"
"""Begins the name of what pays for vouchers that are kept apart and end on one day."""


def waits(
    case: Case,
    activation: Activation,
    rule: CompiledRule,
    decision: Decision,
    step: Step | None = None,
    *,
    otherwise: bool = False,
) -> bool:
    """Ask for what an activation costs, if that was not done; say whether it waits for the answer now.

    `step` is what is still to be given with it.
    """
    activation.channel, activation.other_channels = decision.channel, list(decision.other_channels)
    message = most_of(case.program, activation.template, activation.channel) if activation.template else 0
    rewards = _worth_of(case, activation, rule, step)
    if not message + rewards and not _others_wait(case, rule):
        return False
    names = {charged_to(n, b, case.at, case.program.time_zone): b.holds for n, b in rule.budgets}
    charge = Charge([n for n, holds in names.items() if holds], message, rewards, bool(rule.asks_for_money), otherwise)
    charge.beside = [n for n, holds in names.items() if not holds]
    case.customer.charges[activation.id] = charge
    if not charge.asked:
        _book(case, charge, message + rewards, message_of(activation))
        return False
    activation.state, activation.status, activation.reason = _HELD, Status.HELD, Reason.BUDGET
    activation.release_at = activation.expires_at
    case.customer.timers[held_timer(activation.id)] = activation.expires_at
    ask = Ask(
        case.program.merchant, case.customer_id, activation.id, charge.to, message + rewards, case.at,
        len(case.change.asks),
    )  # fmt: skip
    case.change.asks[_name_of(case, activation)] = encode_ask(ask)
    if activation.template:
        case.note(activation, NoteKind.DECIDED)
    telling.decision(case, Arm.WAITS, activation.rule, activation.occasion, Reason.BUDGET, activation)
    return True


def _worth_of(case: Case, activation: Activation, rule: CompiledRule, step: Step | None) -> Mills:
    """What it gives costs the shop; what was earned is owed, and no matter of budgets."""
    if step is None or rule.earned or activation.offered:
        return 0
    return sum(_cost_of(case, deed.reward) for deed in step.deeds if isinstance(deed, Give))


def _cost_of(case: Case, reward_id: str) -> Mills:
    reward = case.program.rewards.get(reward_id)
    return 0 if reward is None else reward.promised * MILLS


def _others_wait(case: Case, rule: CompiledRule) -> bool:
    """Whether the rule has asked for something else already: what speaks of that has to come after it."""
    charges = case.customer.charges
    mine = (charges.get(each.id) for each in case.customer.moving if each.rule == rule.id)
    return any(charge is not None and charge.asked for charge in mine)


def _name_of(case: Case, activation: Activation) -> str:
    return f"{case.program.merchant}:{case.customer_id}:{activation.id}"


def message_of(activation: Activation) -> For:
    """What money for an activation is for."""
    return For(activation.rule, activation.id)


def _book(case: Case, charge: Charge, amount: Mills, what: For) -> None:
    for each in (*charge.to, *charge.beside):
        case.count(counter(Counter.BUDGET, *parts_of(each), Booked.SPENT), amount)
        if amount and not is_stock(each):
            telling.money(case, each, amount, what)


def give_back(case: Case, charge: Charge, amount: Mills, what: For) -> None:
    """So much of it was not needed; below zero: so much more was."""
    if not amount:
        return
    _book(case, charge, -amount, what)
    for each in charge.to:
        case.count(counter(Counter.BUDGET, *parts_of(each), Booked.BACK), amount)


def no_longer_asked(case: Case, activation: Activation) -> None:
    """It was answered, or needs no answer any more."""
    case.customer.timers.pop(held_timer(activation.id), None)
    case.change.asks[_name_of(case, activation)] = None


def had(case: Case, charge: Charge, to: list[str], what: For) -> None:
    """These budgets pay what was asked for."""
    charge.asked, charge.to = False, to
    _book(case, charge, charge.message + charge.rewards, what)


def did_not_go(case: Case, activation: Activation) -> None:
    """It ended without having cost anything."""
    charge = case.customer.charges.pop(activation.id, None)
    if charge is None:
        return
    if charge.asked:
        no_longer_asked(case, activation)
    elif not activation.unproven:
        give_back(case, charge, charge.message + charge.rewards, message_of(activation))


def settle(case: Case, activation: Activation, status: str, cost: Mills) -> Charge | None:
    """The carrier took it, for so much, or it did not go; of what is in doubt nobody knows yet.

    Returns what pays it, once it was taken.
    """
    charge = case.customer.charges.get(activation.id)
    if charge is None or charge.asked:
        return None
    if status in FINAL_WITHOUT_SEND or status == Status.FAILED:
        did_not_go(case, activation)
    elif status in TAKEN:
        del case.customer.charges[activation.id]
        give_back(case, charge, charge.message + charge.rewards - cost, message_of(activation))
        return charge
    return None


def pay_for(case: Case, voucher: Voucher) -> None:
    """A voucher is given out of what is paid just now."""
    charge = case.paying
    if charge is None:
        return
    cost = min(_cost_of(case, voucher.reward), charge.rewards)
    if cost:
        charge.rewards -= cost
        case.customer.charges[voucher.code] = Charge(list(charge.to), cost, beside=list(charge.beside))


def paid(case: Case, what: For) -> None:
    """Everything that was to be given is: the rest comes back."""
    charge, case.paying = case.paying, None
    if charge is not None:
        give_back(case, charge, charge.rewards, what)
        charge.rewards = 0


def voucher_ended(case: Case, voucher: Voucher) -> None:
    """Nobody used it: what it would have cost comes back. Of one that was used in part nothing does."""
    charge = case.customer.charges.pop(voucher.code, None)
    if charge is not None and not voucher.was_used:
        give_back(case, charge, charge.message, For(voucher.rule, code=voucher.code))


def put_apart(case: Case, vouchers: Iterable[Voucher]) -> dict[str, Charge]:
    """Vouchers leave the state; what pays for those that are open is added up by the day on which they end.

    Returns what pays for them, by code: a till may take back what it used.
    """
    customer, found = case.customer, dict[str, Charge]()
    for voucher in vouchers:
        charge = customer.charges.pop(voucher.code, None)
        if charge is None:
            continue
        found[voucher.code] = charge
        if voucher.state == VoucherState.OPEN and not voucher.was_used:
            name = _name_apart(apart.end_of(voucher), charge)
            known = customer.charges.get(name)
            before = 0 if known is None else known.message
            customer.charges[name] = Charge(charge.to, before + charge.message, beside=charge.beside)
    return found


def take_up(case: Case, vouchers: Iterable[Voucher], charges: Mapping[str, Charge]) -> None:
    """Vouchers come back to the state; what paid for those that ended meanwhile came back then."""
    customer = case.customer
    for voucher in vouchers:
        charge = charges.get(voucher.code)
        if charge is None or voucher.state not in _MAY_COME_BACK:
            continue
        if voucher.state == VoucherState.OPEN and not voucher.was_used:
            name = _name_apart(apart.end_of(voucher), charge)
            known = customer.charges.get(name)
            if known is None:  # its day's came back: it ends with the others, whatever is open beside it
                continue
            known.message -= charge.message
            if not known.message:
                del customer.charges[name]
        customer.charges[voucher.code] = charge


def ended_apart(case: Case) -> None:
    """Those whose day has passed have ended unused, together."""
    charges = case.customer.charges
    paid, beside = dict[str, Mills](), dict[str, Mills]()
    for name in sorted(name for name in charges if name.startswith(_APART)):
        if int(name.split(":", 2)[1]) * DAY <= case.at:
            charge = charges.pop(name)
            for sums, budgets in ((paid, charge.to), (beside, charge.beside)):
                sums.update({each: sums.get(each, 0) + charge.message for each in budgets})
    for each, amount in paid.items():
        give_back(case, Charge([each]), amount, For())
    for each, amount in beside.items():
        give_back(case, Charge([], beside=[each]), amount, For())


def _name_apart(day: Day, charge: Charge) -> str:
    return f"{_APART}{day}:{','.join(charge.to)}:{','.join(charge.beside)}"
