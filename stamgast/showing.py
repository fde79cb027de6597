"""A customer as commands and HTTP show them: figures, stamps, vouchers, stage. No personal data."""

from typing import Any

from stamgast.clock import format_time
from stamgast.domain.clv import clv_of
from stamgast.domain.customer import Customer
from stamgast.domain.program import Program
from stamgast.domain.units import Millis


def show_customer(customer: str, state: Customer, program: Program, at: Millis) -> dict[str, Any]:
    """The JSON document of a customer at a moment; money in minor units of `currency`, times in RFC 3339."""
    clv = clv_of(state, program.costs, at)
    return {
        "customer": customer,
        "merchant": program.merchant,
        "purchases": state.purchases,
        "visits": state.visits,
        "spend": state.spend,
        "profit": state.profit,
        "refunds": state.refunds,
        "currency": program.currency,
        "stamps": {card: _stamps(state, card, program) for card in program.cards},
        "cards_completed": {card: state.cards[card].completed if card in state.cards else 0 for card in program.cards},
        "vouchers": [
            {
                "code": voucher.code,
                "reward": voucher.reward,
                "state": voucher.state,
                "issued_at": format_time(voucher.issued_at),
                "expires_at": format_time(voucher.expires_at),
            }
            for voucher in state.vouchers
            if voucher.state == "open"
        ],
        "stage": state.stage,
        "clv": {"historic": clv.historic, "simple": clv.simple, "profit": clv.profit},
        "next_timer": format_time(min(state.timers.values())) if state.timers else None,
        "joined_at": format_time(state.joined_at) if state.joined_at else None,
        "consents": {name: format_time(since) for name, since in sorted(state.consents.items())},
        "stopped": bool(state.stopped_at),
        "erased": bool(state.erased_at),
        "tags": sorted(state.tags),
    }


def _stamps(state: Customer, card: str, program: Program) -> int:
    """What is on the card now; a card that takes refunds from the next stamps shows no debt."""
    balance = state.cards[card].balance if card in state.cards else 0
    return max(0, balance) if program.cards[card].on_refund == "next_stamps" else balance
