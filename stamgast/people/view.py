"""A customer as commands and HTTP show them: figures, stamps, vouchers, stage. No personal data."""

from typing import Any

from msgspec import to_builtins

from stamgast.clock.shop_time import format_time
from stamgast.domain.apart import still_open
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.card_expiry import last_day as last_day_of_stamps
from stamgast.domain.clv import clv_of
from stamgast.domain.currencies import format_money
from stamgast.domain.customer import Card, Customer, Voucher
from stamgast.domain.feedback import newest_band
from stamgast.domain.program import CardDefinition, Program
from stamgast.domain.prospects import Prospects
from stamgast.domain.referrals import Referral
from stamgast.domain.tiers import NO_TIER, standing
from stamgast.domain.units import Millis
from stamgast.domain.validity import last_day
from stamgast.domain.vocabulary import VoucherState
from stamgast.domain.voucher_codes import short_of
from stamgast.domain.voucher_terms import WHOLE, Terms
from stamgast.people.referral import REASONS


def show_customer(customer: str, state: Customer, program: Program, at: Millis) -> dict[str, Any]:
    """The JSON document of a customer at a moment; money in minor units of `currency`, times in RFC 3339."""
    clv = clv_of(state, program, at)
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
        "stamps_until": {
            name: day for name, card in program.cards.items() if (day := until_of(state.cards.get(name), card, program))
        },
        "cards_completed": {card: state.cards[card].completed if card in state.cards else 0 for card in program.cards},
        "vouchers": [
            show_voucher(voucher, program) for voucher in state.vouchers if voucher.state == VoucherState.OPEN
        ],
        "more_vouchers": still_open(state.apart),
        "stage": state.stage,
        "tier": _tier(state, program),
        "clv": to_builtins(clv) | {"earns_its_cost": clv.earns_its_cost},
        "prospects": _prospects(state, program, at),
        "next_timer": format_time(min(state.timers.values())) if state.timers else None,
        "joined_at": format_time(state.joined_at) if state.joined_at else None,
        "consents": {name: format_time(since) for name, since in sorted(state.consents.items())},
        "topics_left": {name: format_time(since) for name, since in sorted(state.left.items())},
        "stopped": bool(state.stopped_at),
        "reachable": not state.dead_phone,
        "erased": bool(state.erased_at),
        "tags": sorted(state.tags),
        "referral": _referral(state, program),
    }


def show_voucher(voucher: Voucher, program: Program) -> dict[str, Any]:
    """The JSON document of a voucher."""
    return {
        "code": voucher.code,
        "short_code": _short_code(voucher, program),
        "reward": voucher.reward,
        "state": voucher.state,
        "issued_at": format_time(voucher.issued_at),
        "expires_at": format_time(voucher.expires_at),
        "valid_until": date_of(last_day(program, voucher.expires_at)).isoformat(),
    } | (_terms(voucher.terms, program) if voucher.terms is not None else {})


def _short_code(voucher: Voucher, program: Program) -> str:
    """As it is read and typed: that of the shop's own, where it has such; empty while it waits for that."""
    terms = voucher.terms
    if terms is None or not (terms.shop_code or terms.awaits_code):
        return short_of(voucher.code)
    return program.veil.shop_code(terms.shop_code)


def _terms(terms: Terms, program: Program) -> dict[str, Any]:
    """What it promises beyond one use of a thing, and where it was used."""
    told: dict[str, Any] = {"uses_left": terms.uses_left}
    told |= {"usable_from": format_time(terms.usable_from)} if terms.usable_from else {}
    worth = terms.worth
    if worth is not None:
        share = f"{worth.share / WHOLE:.1%}".replace(".0%", "%")
        told["worth"] = share if worth.share else format_money(worth.amount, program.currency)
        told |= {"rest_minor": terms.rest} if worth.keeps_rest else {}
    told |= {"minimum_spend_minor": terms.least} if terms.least else {}
    used = (
        {"receipt": each.receipt, "discount_minor": each.discount, "total_minor": each.total} for each in terms.used
    )
    return told | {"used": list(used)}


def _referral(state: Customer, program: Program) -> dict[str, Any] | None:
    """Who brought them, and whom they brought; None where the programme has no `referral`."""
    if program.referral is None:
        return None
    known = state.referral or Referral()
    return {
        "code": known.code or None,
        "friends": known.friends,
        "invited": bool(known.by),
        "counts": bool(known.transaction),
        "refused": known.refused or None,
        "why": REASONS.get(known.refused),
    }


def _tier(state: Customer, program: Program) -> str | None:
    name = standing(state, program.tiers).name
    return None if name == NO_TIER else name


def _prospects(state: Customer, program: Program, at: Millis) -> dict[str, Any] | None:
    """What the purchase model in force says; None before a fit was published, and of one who has never bought."""
    model, today = program.prospects, business_day(at, program.time_zone)
    history = None if model is None else model.history(state, today)
    if model is None or history is None:
        return None
    within = program.horizon.churn_days
    return {
        "method": "model",
        "model": model.name,
        "parameters_version": model.version,
        "x": history.x,
        "t_x": history.t_x,
        "T": history.T,
        "p_alive": model.model.p_alive(history),
        "churn_probability": model.churn_probability(state, today, within),
        "churn_within_days": within,
        "predicted_over": model.discounting.words(),
        "feedback": _feedback(state, model),
    }


def _feedback(state: Customer, model: Prospects) -> dict[str, Any] | None:
    """What their newest score does to what is expected of them; None where scores are not gone by."""
    if not model.feedback:
        return None
    return {"newest_score": newest_band(state.conversation), "pace": model.pace(state)}


def until_of(held: Card | None, card: CardDefinition, program: Program) -> str:
    """The last day of the stamps on a card (2026-10-31), once a message has warned of it; empty: they stay."""
    last = None if held is None or card.expires is None else last_day_of_stamps(held, card.expires, program.time_zone)
    return "" if last is None else date_of(last).isoformat()


def _stamps(state: Customer, card: str, program: Program) -> int:
    """What is on the card now; a card that takes refunds from the next stamps shows no debt."""
    balance = state.cards[card].balance if card in state.cards else 0
    return max(0, balance) if program.cards[card].on_refund == "next_stamps" else balance
