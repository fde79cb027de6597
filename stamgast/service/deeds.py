"""What a rule does without a message: vouchers, stamps, tags, tiers."""

from collections.abc import Sequence
from typing import Final

from rules.actions import AddStamps, Deed, EnterDraw, Give, GiveFriend, InstantWin, SetTier, Tag
from stamgast.domain import rewards
from stamgast.domain.activation import activation_id
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Voucher
from stamgast.domain.facts import ALWAYS_ALIKE, Fact
from stamgast.domain.told import Arm
from stamgast.domain.units import Millis
from stamgast.domain.validity import end_of_day
from stamgast.domain.vocabulary import FactName, VoucherState
from stamgast.domain.voucher_codes import voucher_code
from stamgast.service import added_stamps, at_hand, budgets, draws, friend_gifts, given_tiers, telling
from stamgast.service.case import Case, Firing
from stamgast.service.tags import change_tags

_GIVEN: Final = Arm.GIVEN.value
_OPEN: Final = VoucherState.OPEN


def do(case: Case, firing: Firing, deeds: Sequence[Deed]) -> Voucher | None:
    """Carry out everything but the message. Returns the voucher that it may speak of."""
    voucher = None
    for action in deeds:
        if isinstance(action, Tag):
            if not firing.again:
                change_tags(case, add=action.add, remove=action.remove)
        elif isinstance(action, AddStamps):
            added_stamps.add(case, firing, action)
        elif isinstance(action, SetTier):
            given_tiers.give(case, firing, action)
        elif isinstance(action, GiveFriend):
            friend_gifts.give_friend(case, firing, action)
        elif isinstance(action, EnterDraw):
            draws.enter(case, firing, action)
        elif isinstance(action, InstantWin):
            draws.play(case, firing, action)
        elif firing.again:
            voucher = _give_again(case, firing, action) or voucher
        else:
            fact, by = firing.fact, firing.rule.id
            voucher = give(case, action, fact, by, firing.occasion, step=firing.step) or voucher
    return voucher


def give(case: Case, action: Give, fact: Fact, rule_id: str, occasion: str, *, step: str = "") -> Voucher | None:
    """Issue a voucher, once per cause, rule and step; None if the event has given as many as one may."""
    cause = fact.occasion
    if not _may_give(case, action.reward):
        return None
    at_hand.bring(case, cause)
    kept = occasion if occasion != cause else ""
    code = _code(case, action.reward, cause, f"{rule_id}+{step}" if step else rule_id, kept)
    terms = case.program.rewards[action.reward].terms(case.at)
    # By place: naming the fields costs several times as much as the rest.
    wanted = Voucher(
        code, action.reward, _OPEN, case.at, _end(case, action, fact), cause, rule_id, "", [], False, kept, terms
    )  # fmt: skip
    voucher, is_new = rewards.issue(case.customer, wanted, case.vouchers_by_ground())
    if is_new:
        _count_issued(case, voucher)
    return voucher


def _give_again(case: Case, firing: Firing, action: Give) -> Voucher | None:
    """What was given for the occasion before, open again if it was taken back. Nothing new comes of the occasion."""
    cause = firing.fact.occasion
    at_hand.bring(case, cause)
    voucher = rewards.given_before(case.customer, firing.rule.id, action.reward, firing.occasion, cause)
    if voucher is None or _was_given_back(voucher, firing) or not _may_give(case, action.reward):
        return None
    if voucher.cause != cause:
        voucher.cause = cause
        case.vouchers_moved()
    if rewards.reopen(case.customer, voucher, case.at, _end(case, action, firing.fact)):
        _count_issued(case, voucher)
    return voucher


def _was_given_back(voucher: Voucher, firing: Firing) -> bool:
    """An offer that was taken back has given its money back to its budget: it does not open again without asking."""
    rule = firing.rule
    return voucher.state == VoucherState.WITHDRAWN and not rule.earned and rule.asks_for_money


def _may_give(case: Case, reward: str) -> bool:
    if case.left.vouchers <= 0:
        case.count(counter(Counter.REWARD, reward, Tally.TOO_MANY))
        return False
    case.left.vouchers -= 1
    return True


def _code(case: Case, reward: str, cause: str, by: str, occasion: str) -> str:
    """The same for the same cause in every run; the second one for a cause that always has one name is another."""
    merchant, name = case.program.merchant, f"{by}/{reward}"
    code = ""
    for ground in (cause, f"{cause}@{occasion}"):
        cause_id = activation_id(merchant, name, case.customer_id, ground)
        code = voucher_code(case.context.voucher_key, case.context.partition, cause_id)
        if cause not in ALWAYS_ALIKE or rewards.with_code(case.customer, code) is None:
            break
    return code


def _end(case: Case, action: Give, fact: Fact) -> Millis:
    """The end of the business day, in the store of the purchase, in which its time runs out."""
    life = case.program.rewards[action.reward].valid_for if action.valid_for is None else action.valid_for
    return end_of_day(case.program, "" if fact.purchase is None else fact.purchase.store, case.at + life)


def _count_issued(case: Case, voucher: Voucher) -> None:
    if case.paying is not None:
        budgets.pay_for(case, voucher)
    case.change.issued.append(voucher)
    if FactName.REWARD_GIVEN in case.context.bundle.rules.heard:
        case.given.append(rewards.given_fact(voucher))
    telling.voucher(case, voucher, _GIVEN)
    case.count(counter(Counter.REWARD, voucher.reward, Tally.ISSUED))
