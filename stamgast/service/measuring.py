"""Sums of what rules come to, kept in the owner's commit: of both arms of a comparison, and of what is attributed.

Who is held out and who is not is decided by the gate; both are watched from that moment on. Attribution goes to the
last message that arrived. The two are never mixed.
"""

from functools import lru_cache
from typing import Final

from rules.engine import CompiledRule
from stamgast.domain.activation import RANKS, TAKEN, Activation
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import Voucher
from stamgast.domain.day_sums import month_of
from stamgast.domain.events import ActivationOutcome, PurchaseChanged
from stamgast.domain.ledger import Entry
from stamgast.domain.measuring import (
    BEFORE_THE_DRAW,
    HELD_OUT,
    MOST_WATCHED,
    Delivered,
    Sum,
    Watched,
    arm_of,
    is_watched,
    rule_of,
    told_apart,
    watch,
    with_one_more,
)
from stamgast.domain.rewards import cost_of_use
from stamgast.domain.rule_months import attributed_in
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Reason, Status
from stamgast.domain.voucher_terms import Use
from stamgast.service.case import Case

_ACCEPTED_RANK: Final = RANKS[Status.ACCEPTED]
_DELIVERED_RANK: Final = RANKS[Status.DELIVERED]
_READ: Final = Status.READ
_HOLDOUT: Final = Reason.HOLDOUT
_SUM_SENT: Final = Sum.SENT
_SUM_DELIVERED: Final = Sum.DELIVERED
_SUM_REACHED: Final = Sum.REACHED


@lru_cache(maxsize=4096)
def name_of(rule: str, *words: str) -> str:
    """The counter of one of a rule's sums."""
    return counter(Counter.MEASURE, rule, *words)


def reached(case: Case, rule: str) -> None:
    """A rule fires for this customer for the first time."""
    case.count(name_of(rule, _SUM_REACHED))


def decided(case: Case, rule: CompiledRule, reason: str, variant: str = "", due: Millis = 0) -> None:
    """A rule with a hold-out came to something, for the first time on this occasion: from now on they are watched.

    Where the rule waits before it does anything, both sides are watched from then on (`due`).
    """
    if reason in BEFORE_THE_DRAW or not case.context.mind_holdout:
        return
    arm = HELD_OUT if reason == _HOLDOUT else arm_of(variant)
    watched = case.customer.watched.get(rule.id)
    if watched is None or watched.arm != arm:
        _make_room(case, rule.id)
        watched = case.customer.watched[rule.id] = Watched(arm, [])
        case.count(name_of(rule.id, arm, Sum.PEOPLE))
    watch(watched, max(due, case.at), case.program.measure_window)


def _make_room(case: Case, rule: str) -> None:
    watched = case.customer.watched
    if rule not in watched and len(watched) >= MOST_WATCHED:
        del watched[min(watched, key=lambda each: (watched[each].windows[-1], each))]


def purchase(case: Case, event: PurchaseChanged, old: Entry, new: Entry) -> None:
    """A purchase gives something else now: bring the sums of whoever is watched into line."""
    customer = case.customer
    sides = []
    if event.before is not None:
        sides.append((event.before.occurred_at, old, -1))
    if event.after is not None:
        sides.append((event.after.occurred_at, new, 1))
    for rule, watched in customer.watched.items():
        net = purchases = 0
        for moment, entry, sign in sides:
            if is_watched(watched, moment):
                net += sign * entry.profit * 1000
                purchases += sign * entry.counts
        if net or purchases:
            _move(case, rule, watched, net, purchases)
    for moment, entry, sign in sides:
        rule = rule_of(customer.delivered, moment)
        if rule:
            purchases_of, revenue, profit = _attributed(rule)
            case.count(purchases_of, sign * entry.counts)
            case.count(revenue, sign * entry.spend)
            case.count(profit, sign * entry.profit)
            case.count(attributed_in(month_of(entry.day), rule), sign * entry.profit)


@lru_cache(maxsize=1024)
def _attributed(rule: str) -> tuple[str, str, str]:
    return name_of(rule, Sum.PURCHASES), name_of(rule, Sum.REVENUE), name_of(rule, Sum.PROFIT)


def _move(case: Case, rule: str, watched: Watched, net: int, purchases: int = 0) -> None:
    if net:
        was = watched.net
        watched.net += net
        case.count(name_of(rule, watched.arm, Sum.NET), net)
        case.count(name_of(rule, watched.arm, Sum.SQUARES), watched.net**2 - was**2)
    if purchases:
        had = watched.purchases > 0
        watched.purchases += purchases
        has = watched.purchases > 0
        if has != had:
            case.count(name_of(rule, watched.arm, Sum.CONVERTED), 1 if has else -1)


def went(case: Case, activation: Activation, event: ActivationOutcome) -> None:
    """What became of a rule's message, before its state says so. Answers of the house are no rule's."""
    if not activation.rule:
        return
    rule, was = told_apart(activation.rule, activation.variant), activation.rank
    if event.status in TAKEN and was < _ACCEPTED_RANK:
        case.count(name_of(rule, _SUM_SENT))
    if event.rank >= _DELIVERED_RANK and event.status in TAKEN:
        if was < _DELIVERED_RANK:
            case.count(name_of(rule, _SUM_DELIVERED))
            arrived = Delivered(case.at, case.at + case.program.measure_window, rule)
            case.customer.delivered = with_one_more(case.customer.delivered, arrived)
        if event.status == _READ:
            case.count(name_of(rule, Sum.READ))


def message_cost(case: Case, rule: str, variant: str, thousandths: int) -> None:
    """A message was taken by its carrier, which costs."""
    case.count(name_of(told_apart(rule, variant), Sum.MESSAGES), thousandths)
    _spend(case, rule, thousandths)


def redeemed(case: Case, voucher: Voucher, times: int, use: Use) -> None:
    """A rule's reward was used, or (`times` is -1) its use taken back."""
    if not voucher.of_rule:
        return
    cost = cost_of_use(case.program, voucher, use)
    case.count(name_of(voucher.rule, Sum.REDEEMED), times)
    if cost:
        case.count(name_of(voucher.rule, Sum.REWARDS), times * cost)
        _spend(case, voucher.rule, times * cost * 1000)
    if use.total:
        case.count(name_of(voucher.rule, Sum.BASKETS), times * use.total)


def _spend(case: Case, rule: str, thousandths: int) -> None:
    watched = case.customer.watched.get(rule)
    if watched is not None:
        _move(case, rule, watched, -thousandths)


def opted_out(case: Case) -> None:
    """Somebody had enough: after whose message?"""
    _answered(case, Sum.OPTED_OUT)


def replied(case: Case) -> None:
    """Somebody wrote to us: after whose message?"""
    _answered(case, Sum.REPLIED)


def _answered(case: Case, how: Sum) -> None:
    rule = rule_of(case.customer.delivered, case.at)
    if rule:
        case.count(name_of(rule, how))
