"""A person ends a voucher, or gives it another code because somebody else has seen the one that it had."""

import msgspec

from stamgast.domain import rewards
from stamgast.domain.activation import activation_id
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import Voucher
from stamgast.domain.till_events import VoucherVoided
from stamgast.domain.told import REISSUED
from stamgast.domain.vocabulary import Reason, VoucherState
from stamgast.domain.voucher_codes import voucher_code
from stamgast.service import at_hand, budgets, draws, shop_codes, telling
from stamgast.service.case import Case
from stamgast.service.reversals import drop_waiting

_encode = msgspec.json.Encoder().encode


def voided(case: Case, event: VoucherVoided) -> None:
    """End it, or let it go on under another code. Raises NotReadError."""
    case.receipt = event.id or ""
    at_hand.bring_code(case, event.code)
    voucher = rewards.with_code(case.customer, event.code)
    at_hand.expire(case, voucher)
    if voucher is None:
        answer = _of_former_code(case, event) or rewards.Answer(
            404, "There is no voucher with this code.", code=event.code
        )
    elif voucher.state == VoucherState.VOIDED and not event.reissue:
        answer = rewards.Answer(200, "Voided.", voucher.reward, event.code, voucher.state)
    elif voucher.state != VoucherState.OPEN:
        answer = rewards.Answer(409, f"This voucher is {voucher.state}.", voucher.reward, event.code)
    elif event.reissue and _has_code_of_shop(case, voucher):
        detail = "This voucher has a code of the shop's own, which other systems know: void it, and give another."
        answer = rewards.Answer(409, detail, voucher.reward, event.code)
    elif event.reissue:
        answer = _reissue(case, event, voucher)
    else:
        answer = _void(case, event, voucher)
    if event.id:
        case.change.answers[event.id] = _encode(answer)


def _has_code_of_shop(case: Case, voucher: Voucher) -> bool:
    return shop_codes.lacks(case, voucher) or (voucher.terms is not None and bool(voucher.terms.shop_code))


def _void(case: Case, event: VoucherVoided, voucher: Voucher) -> rewards.Answer:
    rewards.void(case.customer, voucher)
    case.count(counter(Counter.REWARD, voucher.reward, VoucherState.VOIDED))
    telling.voucher(case, voucher, VoucherState.VOIDED, reason=event.reason)
    budgets.voucher_ended(case, voucher)
    draws.not_claimed(case, voucher)
    drop_waiting(case, Reason.TAKEN_BACK, lambda each: each.voucher == voucher.code)
    return rewards.Answer(200, "Voided.", voucher.reward, voucher.code, VoucherState.VOIDED)


def _reissue(case: Case, event: VoucherVoided, voucher: Voucher) -> rewards.Answer:
    cause = activation_id(case.program.merchant, f"reissue/{event.code}", case.customer_id, event.id or "")
    rewards.recode(case.customer, voucher, voucher_code(case.context.voucher_key, case.context.partition, cause))
    case.change.recoded.append(voucher)
    telling.voucher(case, voucher, REISSUED, reason=event.reason)
    return _has_now(voucher, event)


def _of_former_code(case: Case, event: VoucherVoided) -> rewards.Answer | None:
    """The same request again: the code that it had is nobody's now."""
    for voucher in case.customer.vouchers:
        if voucher.terms is not None and event.code in voucher.terms.formerly:
            if event.reissue and voucher.terms.formerly[-1] == event.code:
                return _has_now(voucher, event)
            return rewards.Answer(409, "This voucher has another code now.", voucher.reward, event.code)
    return None


def _has_now(voucher: Voucher, event: VoucherVoided) -> rewards.Answer:
    return rewards.Answer(200, "Reissued.", voucher.reward, event.code, voucher.state, new_code=voucher.code)
