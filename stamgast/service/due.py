"""Timers that came due. Each is verified against the state: it may have moved since it was read."""

from collections.abc import Mapping
from typing import Final

from stamgast.domain import apart
from stamgast.domain.counters import Counter, counter
from stamgast.domain.facts import Fact
from stamgast.domain.heard import knows_who_was_there
from stamgast.domain.lifecycle import QUIET, notice, plan_lapse
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import FactName, TimerKind, VoucherState
from stamgast.service import at_hand, awaited, budgets, expiry, given_tiers, notices, remembering, schedules, telling
from stamgast.service.case import Case
from stamgast.service.releases import release_by_rank
from stamgast.service.rules import fire
from stamgast.service.stages import restage

MEANS: Final[Mapping[str, tuple[FactName, Counter]]] = {
    TimerKind.RISK: (FactName.AT_RISK, Counter.AT_RISK),
    TimerKind.LAPSE: (FactName.LAPSING, Counter.LAPSING),
    TimerKind.LAPSED: (FactName.LAPSED, Counter.LAPSED),
}
"""A timer of staying away -> the fact that it came true, and what counts it."""


# Names, since looking a member up costs as much as a call.
_HELD: Final = TimerKind.HELD
_VOUCHER: Final = TimerKind.VOUCHER
_VOUCHERS: Final = TimerKind.VOUCHERS
_OF_VOUCHER: Final = f"{TimerKind.VOUCHER}:"
_OF_RULES: Final = (TimerKind.UNSEEN, TimerKind.BIRTHDAY, TimerKind.ANNIVERSARY, TimerKind.ENDING, TimerKind.EXPIRING)


def run_due_timers(case: Case, due: Millis) -> None:
    """Run every timer of the customer that the state still holds at or before `due`."""
    timers = case.customer.timers
    last = min(due, case.at)
    ready = sorted([(when, name) for name, when in timers.items() if when <= last])
    expiring = any(name.startswith(_OF_VOUCHER) for _, name in ready)
    vouchers = {voucher.code: voucher for voucher in case.customer.vouchers} if expiring else {}
    held: list[str] = []
    for when, name in ready:
        if name not in timers:
            continue
        del timers[name]
        kind, _, what = name.partition(":")
        if kind in QUIET:
            _grow_quiet(case, kind)
        elif kind == _HELD:
            held.append(what)
        elif kind == _VOUCHER:
            at_hand.expire(case, vouchers.get(what))
        elif kind == _VOUCHERS:
            for reward, count in apart.end(case.customer, case.at).items():
                case.count(counter(Counter.REWARD, reward, VoucherState.EXPIRED), count)
                telling.ended_apart(case, reward, count)
                occasion = f"expired:{when // DAY}:{reward}"
                fire(case, [Fact(FactName.REWARD_EXPIRED, occasion, data={"reward": reward})])
            if case.customer.charges:
                budgets.ended_apart(case)
        else:
            _answer_rules(case, name, when)
    if held:
        release_by_rank(case, held)
    fire(case, [])  # what came of what had waited


def _answer_rules(case: Case, name: str, when: Millis) -> None:
    kind, _, what = name.partition(":")
    if kind in _OF_RULES:
        fire(case, awaited.answer(case, name, when))
    elif kind == TimerKind.TURN:
        schedules.turn_came(case, what)
    elif kind == TimerKind.TIER:
        fire(case, remembering.tier_due(case))
    elif kind == TimerKind.NOTICE:
        notices.due(case, what)
    elif kind == TimerKind.STAMPS:
        expiry.due(case, what)
    elif kind == TimerKind.GIVEN_TIER:
        fire(case, given_tiers.over(case))


def _grow_quiet(case: Case, kind: str) -> None:
    customer = case.customer
    if not knows_who_was_there(case.program):
        # Nobody knows who has been there: ask again tomorrow.
        customer.timers[kind] = case.at + DAY
        case.count(Counter.FEED_STALE)
        return
    plan_lapse(customer, case.program)
    if customer.timers.pop(kind, case.at + 1) > case.at:
        # The programme, or the model in force, has become more patient since the timer was set.
        restage(case)
        return
    notice(customer, kind)
    facts = restage(case)
    name, counted = MEANS[kind]
    case.count(counted)
    fire(case, [*facts, Fact(name, f"quiet:{customer.last_day}")])
