"""A voucher that a rule's test has redeemed at a till."""

from typing import Final

from rules.testing.happenings import Redeem
from stamgast.domain.program import Program
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import Minor
from stamgast.domain.voucher_terms import Terms
from stamgast.simulate import Simulation

_USUAL_RECEIPT: Final[Minor] = 2_000


def redeemed_at(simulation: Simulation, step: Redeem, program: Program, customer: str) -> VoucherRedeemed:
    """One that there is not is refused, as at a till."""
    simulation.advance(step.at)
    state = simulation.state((program.merchant, customer))
    held = [] if state is None else state.vouchers
    voucher = held[step.voucher] if -1 <= step.voucher < len(held) and held else None
    code, total = ("", 0) if voucher is None else (voucher.code, _large_enough(voucher.terms))
    return VoucherRedeemed(
        merchant=program.merchant, customer=customer, at=step.at, code=code, id=f"till:{step.at}", total=total
    )


def _large_enough(terms: Terms | None) -> Minor:
    """A receipt that a voucher can be used on, where it takes money off one."""
    if terms is None or not terms.needs_total:
        return 0
    return max(terms.least, _USUAL_RECEIPT, 0 if terms.worth is None else terms.worth.amount)
