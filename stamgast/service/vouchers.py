"""A voucher at the till: used, and given back when the till takes its request back."""

import msgspec

from stamgast.domain import rewards, stamps
from stamgast.domain.apart import field_of_refusal
from stamgast.domain.counters import AtTill, Counter, counter
from stamgast.domain.customer import Voucher
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import NotReadError
from stamgast.domain.purchase_effects import fact_of
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.told import TAKEN_BACK
from stamgast.domain.vocabulary import VoucherState
from stamgast.domain.voucher_terms import NO_USE, Use
from stamgast.service import at_hand, budgets, draws, measuring, shop_counts, telling
from stamgast.service.case import Case
from stamgast.service.handed import count_at_till
from stamgast.service.reversals import take_back
from stamgast.service.rules import fire

_encode = msgspec.json.Encoder().encode


def redeem(case: Case, event: VoucherRedeemed) -> None:
    """Use a voucher, or say why not."""
    case.receipt = event.id or ""
    at_hand.bring_code(case, event.code)
    voucher = rewards.with_code(case.customer, event.code)
    at_hand.expire(case, voucher)
    if voucher is not None and _fell_out(case, voucher, event.id or ""):
        answer, facts = rewards.was_taken_back(voucher), list[Fact]()
    else:
        basket = rewards.Basket(case.at, case.program.currency, event.receipt, event.total)
        answer, facts = rewards.redeem(case.customer, event.code, event.id or "", basket)
    if event.id:
        case.change.answers[event.id] = _encode(answer)
    if facts and voucher is not None:
        use = NO_USE if voucher.terms is None else voucher.terms.use_by(event.id or "") or NO_USE
        if voucher.state == VoucherState.REDEEMED:
            case.count(counter(Counter.REWARD, voucher.reward, VoucherState.REDEEMED))
            shop_counts.redeemed(case, 1)
        telling.voucher(case, voucher, VoucherState.REDEEMED, use, event)
        measuring.redeemed(case, voucher, 1, use)
        count_at_till(case, event.till, event.operator_id, {AtTill.REDEEMED: 1})
        draws.used(case, voucher, 1, use)
    fire(case, facts)


def take_redemption_back(case: Case, event: RedemptionTakenBack) -> None:
    """Undo what a request redeemed, with what rules made of it; one that is still to come will redeem nothing.

    Cards that were kept full only because their reward was used are reopened as far as stamps are owed.
    """
    case.receipt = event.redemption
    at_hand.bring_code(case, event.code)
    before = rewards.with_code(case.customer, event.code)
    refused = [] if before is None else before.refused
    was = VoucherState.OPEN if before is None else before.state
    voucher, use, was_used = rewards.take_redemption_back(case.customer, event.code, event.redemption, case.at)
    if voucher is None:
        answer = rewards.Answer(404, "There is no voucher with this code.", code=event.code)
    else:
        for request in refused:
            if request not in voucher.refused:
                case.store(field_of_refusal(event.code, request), b"1")
        if was_used:
            _was_not_used(case, voucher, was, use)
        case.change.answers[event.redemption] = _encode(rewards.was_taken_back(voucher))
        answer = rewards.Answer(200, "Taken back.", voucher.reward, voucher.code, voucher.state)
    if event.id:
        case.change.answers[event.id] = _encode(answer)


def give_back(case: Case, voucher: Voucher, use: Use) -> None:
    """The receipt that a voucher was used on came to nothing: that use did not count."""
    was = voucher.state
    rewards.give_back(case.customer, voucher, use, case.at)
    _was_not_used(case, voucher, was, use)


def _was_not_used(case: Case, voucher: Voucher, was: str, use: Use | None) -> None:
    """Tell of it, and take back what rules made of it; cards that were full only by it are opened again."""
    used_up = was == VoucherState.REDEEMED
    if used_up:
        case.count(counter(Counter.REWARD, voucher.reward, VoucherState.REDEEMED), -1)
        shop_counts.redeemed(case, -1)
    telling.voucher(case, voucher, TAKEN_BACK, use or NO_USE)
    measuring.redeemed(case, voucher, -1, use or NO_USE)
    draws.used(case, voucher, -1, use or NO_USE)
    if not voucher.was_used:
        at_hand.no_longer_used(case, voucher)
    if used_up and voucher.state != VoucherState.OPEN:
        case.count(counter(Counter.REWARD, voucher.reward, voucher.state))
        telling.voucher(case, voucher, voucher.state)
        if voucher.state == VoucherState.WITHDRAWN:
            case.change.withdrawn.append(voucher)
        budgets.voucher_ended(case, voucher)
    take_back(case, rewards.occasion_of(voucher.known_as, use))
    fire(case, _reopened(case))


def _fell_out(case: Case, voucher: Voucher, request: str) -> bool:
    """Whether a till took the request back, and so many others since that the voucher no longer says so.

    Raises NotReadError.
    """
    if len(voucher.refused) < rewards.REFUSED_REQUESTS or request == voucher.redeemed_by:
        return False
    if voucher.terms is not None and voucher.terms.use_by(request) is not None:
        return False
    field = field_of_refusal(voucher.code, request)
    stored = case.stored(field)
    if stored is None:
        raise NotReadError([field])
    return bool(stored)


def _reopened(case: Case) -> list[Fact]:
    facts = []
    for card_id, card in sorted(case.customer.cards.items()):
        if card_id in case.program.cards:
            balance = card.balance
            steps = stamps.take_back(card, card_id, 0, case)
            shop_counts.stamps(case, card_id, card.balance, card.balance - balance)
            facts += [fact_of(card_id, step, None) for step in steps]
    return facts
