"""What is shown of a customer, over HTTP and on the command line: figures and decisions, no personal data."""

from typing import Any

from stamgast.clock import format_time
from stamgast.domain.calendar import date_of
from stamgast.domain.clv import clv_of
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.program import Program
from stamgast.domain.stamps import visible_stamps
from stamgast.domain.units import Millis


def view_customer(customer_id: str, customer: Customer, program: Program, at: Millis) -> dict[str, Any]:
    """Return the customer as JSON-ready data; money in minor units of `currency`, times in RFC 3339 UTC.

    `clv` is as of `at`: `historic` and `profit` are the profit so far, `simple` is the formula of
    `stamgast.domain.clv`. `next_timer` is the earliest of the customer's timers, or None.
    """
    clv = clv_of(customer, program.costs, at)
    cards = {card_id: card for card_id, card in customer.cards.items() if card_id in program.cards}
    return {
        "merchant": program.merchant,
        "customer": customer_id,
        "purchases": customer.purchases,
        "visits": customer.visits,
        "first_visit": date_of(customer.first_day).isoformat() if customer.visits else None,
        "last_visit": date_of(customer.last_day).isoformat() if customer.visits else None,
        "spend": customer.spend,
        "profit": customer.profit,
        "refunds": customer.refunds,
        "currency": program.currency,
        "stamps": {card_id: visible_stamps(card, program.cards[card_id]) for card_id, card in cards.items()},
        "stamps_required": {card_id: program.cards[card_id].stamps_required for card_id in cards},
        "cards_completed": {card_id: card.completed for card_id, card in cards.items()},
        "vouchers": [_voucher(voucher) for voucher in customer.vouchers],
        "stage": customer.stage,
        "tags": list(customer.tags),
        "language": customer.language or program.languages[0],
        "consents": {name: format_time(since) for name, since in sorted(customer.consents.items())},
        "opted_out": bool(customer.stopped_at),
        "clv": {"historic": clv.historic, "simple": clv.simple, "profit": clv.profit},
        "next_timer": _next_timer(customer),
        "activations": [
            {
                "activation": each.id,
                "rule": each.rule,
                "template": each.template,
                "channel": each.channel,
                "status": each.status,
                "reason": each.reason,
                "decided_at": format_time(each.decided_at),
            }
            for each in customer.activations
        ],
    }


def _voucher(voucher: Voucher) -> dict[str, Any]:
    return {
        "code": voucher.code,
        "reward": voucher.reward,
        "state": voucher.state,
        "issued_at": format_time(voucher.issued_at),
        "expires_at": format_time(voucher.expires_at),
    }


def _next_timer(customer: Customer) -> dict[str, str] | None:
    if not customer.timers:
        return None
    due, name = min((due, name) for name, due in customer.timers.items())
    return {"kind": name.partition(":")[0], "due": format_time(due)}
