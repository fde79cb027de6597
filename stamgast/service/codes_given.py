"""A voucher gets its code of the shop's own, and what tells of it goes on; without one an offer is not made."""

from stamgast.domain import rewards
from stamgast.domain.code_events import CodeGiven
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Voucher
from stamgast.domain.told import Arm
from stamgast.domain.units import HOUR
from stamgast.domain.validity import end_of_day
from stamgast.domain.vocabulary import ActivationState, Reason, Status, VoucherState
from stamgast.domain.voucher_terms import Terms
from stamgast.service import at_hand, offers, shop_codes, telling
from stamgast.service.case import Case
from stamgast.service.messages import withheld_counters
from stamgast.service.releases import release_by_rank
from stamgast.service.reversals import drop_waiting


def given(case: Case, event: CodeGiven) -> None:
    """Apply what the owner says. Raises NotReadError."""
    at_hand.bring_code(case, event.voucher)
    voucher = rewards.with_code(case.customer, event.voucher)
    case.change.wants[shop_codes.name_of(case, event.voucher)] = None
    if event.code:
        case.count(counter(Counter.REWARD, event.reward, Tally.CODED))
    if voucher is None or (voucher.terms is not None and voucher.terms.shop_code):
        return  # it was forgotten meanwhile: its code is nobody else's either
    terms = voucher.terms = voucher.terms or Terms()
    terms.awaits_code = False
    if event.code:
        _has_it(case, voucher, terms, event.code)
    elif shop_codes.lacks(case, voucher) and not shop_codes.is_owed(case, voucher):
        _not_made(case, voucher)
        return
    if not shop_codes.lacks(case, voucher):
        _let_go(case, voucher)


def _has_it(case: Case, voucher: Voucher, terms: Terms, code: str) -> None:
    terms.shop_code = code
    case.change.recoded.append(voucher)
    if case.at - voucher.issued_at < HOUR or voucher.state != VoucherState.OPEN:
        return
    life = voucher.expires_at - voucher.issued_at  # nobody could use it while it waited
    voucher.issued_at, voucher.expires_at = case.at, end_of_day(case.program, "", case.at + life)
    case.customer.timers[rewards.timer_of(voucher.code)] = voucher.expires_at


def _let_go(case: Case, voucher: Voucher) -> None:
    """What tells of it says the code that it has now, and goes."""
    waiting: list[str] = []
    for each in case.customer.moving:
        if each.voucher == voucher.code and each.state == ActivationState.HELD:
            each.data = each.data | rewards.code_words(voucher) | {"valid_until": voucher.expires_at}
            if each.reason == Reason.AWAITS_CODE:
                waiting.append(each.id)
    release_by_rank(case, waiting)


def _not_made(case: Case, voucher: Voucher) -> None:
    """The pool is empty: what the offer's message would have told is withheld, and the offer with it."""
    drop_waiting(case, Reason.NO_CODES, lambda each: each.voucher == voucher.code)
    if voucher.state != VoucherState.OPEN:
        return  # it went with its message
    offers.take_back(case, voucher)
    for name in withheld_counters(voucher.rule, Status.SUPPRESSED, Reason.NO_CODES):
        case.count(name)
    telling.decision(case, Arm.WITHHELD, voucher.rule, voucher.occasion or voucher.cause, Reason.NO_CODES)
