"""Where live states depart from the oracle's figures, in words."""

from collections.abc import Mapping
from typing import Any

from stamgast.domain.customer import Customer
from stamgast.domain.days import decode_days
from tests.oracle_customers import Figures, Key
from tests.oracle_figures import log_gaps


def differences(expected: Mapping[Key, Figures], actual: Mapping[Key, Customer]) -> list[str]:
    """Where live states depart from the figures, one sentence each; empty when all is well."""
    found = []
    for key in sorted(set(expected) | set(actual)):
        name = ":".join(key)
        if key not in actual:
            if expected[key].parts or expected[key].vouchers:
                found.append(f"{name}: has no state, but {expected[key].purchases} purchases")
        elif key not in expected:
            found.append(f"{name}: has a state ({actual[key].purchases} purchases), but no record speaks of them")
        else:
            wants, has = _facts_expected(expected[key]), _facts_of(actual[key])
            found += [
                f"{name}: {what} is {has.get(what)!r}, should be {wants.get(what)!r}"
                for what in sorted(set(wants) | set(has))
                if wants.get(what) != has.get(what)
            ]
    return found


def _facts_expected(figures: Figures) -> dict[str, Any]:
    days = figures.days
    facts: dict[str, Any] = {
        "purchases": figures.purchases,
        "visit days": days,
        "visits": len(days),
        "spend": figures.spend,
        "profit": figures.profit,
        "refunds": figures.refunds,
        "first day": days[0] if days else 0,
        "last day": days[-1] if days else 0,
        "log gaps": log_gaps(days),
        "stage": figures.stage,
        "risk due": figures.risk_due(),
        "lapse due": figures.lapse_due(),
        "lapsed due": figures.lapsed_due(),
        "consents": sorted(figures.consents),
        "stopped": figures.stopped,
        "vouchers": sorted((v.cause, v.rule, v.reward, v.state) for v in figures.vouchers),
        "voucher timers": sorted(v.expires_at for v in figures.vouchers if v.state == "open"),
    }
    for id_, card in figures.cards.items():
        facts[f"card {id_}"] = (card.balance, len(card.completed))
    return {what: value for what, value in facts.items() if not (what.startswith("card ") and value == (0, 0))}


def _facts_of(state: Customer) -> dict[str, Any]:
    days = [day for day, _ in decode_days(state.days)]
    facts: dict[str, Any] = {
        "purchases": state.purchases,
        "visit days": days,
        "visits": state.visits,
        "spend": state.spend,
        "profit": state.profit,
        "refunds": state.refunds,
        "first day": state.first_day,
        "last day": state.last_day,
        "log gaps": state.gaps,
        "stage": state.stage,
        "risk due": state.timers.get("risk"),
        "lapse due": state.timers.get("lapse"),
        "lapsed due": state.timers.get("lapsed"),
        "consents": sorted(state.consents),
        "stopped": bool(state.stopped_at),
        "vouchers": sorted((v.cause, v.rule, v.reward, v.state) for v in state.vouchers),
        "voucher timers": sorted(due for kind, due in state.timers.items() if kind.startswith("voucher:")),
    }
    for id_, card in state.cards.items():
        facts[f"card {id_}"] = (card.balance, card.completed)
    return {what: value for what, value in facts.items() if not (what.startswith("card ") and value == (0, 0))}
