"""What budgets would have come to, and from which day on they would have held something back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stamgast.backtest.account import Account
from stamgast.domain.budgets import Budget, WhenSpent, parts_of, told
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.counting import how_often, so_many
from stamgast.domain.currencies import format_money
from stamgast.domain.units import Day
from stamgast.service import Bundle


def budgets_of(account: Account, bundle: Bundle) -> dict[str, Any]:
    """By budget, each time of it: what it would have spent, and on which day nothing would have been left."""
    found: dict[str, Any] = {}
    for name, budget in bundle.rules.budgets.items():
        found[name] = {
            "amount_minor": budget.amount,
            "per": budget.per.value,
            "when_spent": budget.when_spent.value,
            "rules": _rules_of(name, bundle),
            "times": [
                _time(f"{name}@{period}", by_day, budget, account, bundle)
                for (of, period), by_day in sorted(account.charged.items())
                if of == name
            ],
        }
    return found


def _rules_of(budget: str, bundle: Bundle) -> list[str]:
    return [rule.id for rule in bundle.rules.all if budget in dict(rule.budgets)]


def _time(charged: str, by_day: Mapping[Day, int], budget: Budget, account: Account, bundle: Bundle) -> dict[str, Any]:
    name, period = parts_of(charged)
    zone, rules = bundle.program.time_zone, _rules_of(name, bundle)
    spent, ended = 0, None
    for day, mills in sorted(by_day.items()):
        spent += mills
        if ended is None and spent > budget.mills:
            ended = day
    refused = [
        business_day(move.at, zone) for move in account.moves if move.asks and not move.given and charged in move.to
    ]
    if budget.holds:
        ended = min(refused, default=None)
    last = max(by_day)
    later = [
        sent.messages
        for rule in rules
        if ended is not None and rule in account.rules
        for day, sent in account.rules[rule].sent.items()
        if ended < day <= last
    ]
    return {
        "time": period,
        "spent_minor": told(spent),
        "asked_minor": told(account.wanted.get((name, period), spent)),
        "spent_on": None if ended is None else str(date_of(ended)),
        "withheld": len(refused),
        "messages_after": sum(later),
    }


def in_words(budgets: Mapping[str, Any], currency: str) -> Iterator[str]:
    """A line for each time of each budget."""
    for name, found in budgets.items():
        whole = format_money(found["amount_minor"], currency)
        for each in found["times"]:
            told = f"budget {name} ({each['time']}): {format_money(each['spent_minor'], currency)} of {whole}"
            if each["spent_on"] is None:
                yield told
            elif found["when_spent"] == WhenSpent.WARN:
                after = f"{so_many(each['messages_after'], 'message')} came after that day"
                yield f"{told}, spent on {each['spent_on']}: it only warns; {after}"
            else:
                asked = format_money(each["asked_minor"], currency)
                first = f"from {each['spent_on']} on there was no money {how_often(each['withheld'])}"
                yield f"{told}: {first}; without it these rules would have spent {asked}"
