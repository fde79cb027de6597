"""Vouchers whose reward has codes of the shop's own ask for one, once they are given, until they have it or end.

The owner of the partition answers on the log (`stamgast.service.codes_given`), so a message that tells of such a
voucher waits for that.
"""

from stamgast.domain.customer import Voucher
from stamgast.domain.draws import DRAWN
from stamgast.domain.shop_codes import Want, encode_want
from stamgast.domain.vocabulary import VoucherState
from stamgast.domain.voucher_terms import Terms
from stamgast.service import at_hand
from stamgast.service.case import Case


def lacks(case: Case, voucher: Voucher) -> bool:
    """Whether it is to have a code of the shop's own, and has none."""
    return voucher.reward in case.context.bundle.codes and not (voucher.terms is not None and voucher.terms.shop_code)


def is_awaited(case: Case, code: str) -> bool:
    """Whether what tells of the voucher with that code of ours has to wait for the shop's. Raises NotReadError."""
    at_hand.bring_code(case, code)
    return any(voucher.code == code and lacks(case, voucher) for voucher in case.customer.vouchers)


def is_owed(case: Case, voucher: Voucher) -> bool:
    """Whether it was earned, or won: then it waits until there is a code."""
    rule = case.context.bundle.rules.by_id.get(voucher.of_rule)
    return rule is None or rule.earned or voucher.cause.startswith(DRAWN)


def follow(case: Case) -> None:
    """After an event: ask for those that lack a code, and no longer for those that ended, or that nobody is told of."""
    for place, voucher in enumerate(case.customer.vouchers):
        awaits = voucher.terms is not None and voucher.terms.awaits_code
        wants = voucher.state == VoucherState.OPEN and lacks(case, voucher) and not case.customer.erased_at
        if wants == awaits:
            continue
        terms = voucher.terms = voucher.terms or Terms()
        terms.awaits_code = wants
        want = Want(
            case.program.merchant, case.customer_id, voucher.code, voucher.reward, case.at + place,
            owed=is_owed(case, voucher),
        )  # fmt: skip
        case.change.wants[name_of(case, voucher.code)] = encode_want(want) if wants else None


def name_of(case: Case, code: str) -> str:
    """How what a voucher asks for is called beside the states."""
    return f"{case.program.merchant}:{case.customer_id}:{code}"
