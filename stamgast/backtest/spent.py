"""What budgets would have come to: each customer lives alone, and what all of them spend is added up by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stamgast.backtest.account import Account
from stamgast.domain.budgets import MILLS, Budget
from stamgast.domain.calendar import date_of
from stamgast.domain.currencies import format_money
from stamgast.domain.units import Day
from stamgast.service import Bundle


def budgets_of(account: Account, bundle: Bundle) -> dict[str, Any]:
    """By budget, each time of it: what it would have spent, and on which day nothing would have been left."""
    found: dict[str, Any] = {}
    for name, budget in bundle.rules.budgets.items():
        rules = [rule.id for rule in bundle.rules.all if name in dict(rule.budgets)]
        found[name] = {
            "amount_minor": budget.amount,
            "per": budget.per.value,
            "when_spent": budget.when_spent.value,
            "rules": rules,
            "times": [
                _time(period, by_day, budget, account, rules)
                for (of, period), by_day in sorted(account.charged.items())
                if of == name
            ],
        }
    return found


def _time(period: str, by_day: Mapping[Day, int], budget: Budget, account: Account, rules: list[str]) -> dict[str, Any]:
    spent, ended = 0, None
    for day, mills in sorted(by_day.items()):
        spent += mills
        if ended is None and spent > budget.mills:
            ended = day
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
        "asked_minor": round(spent / MILLS),
        "spent_on": None if ended is None else str(date_of(ended)),
        "messages_after": sum(later),
    }


def in_words(budgets: Mapping[str, Any], currency: str) -> Iterator[str]:
    """A line for each time of each budget."""
    for name, found in budgets.items():
        whole = format_money(found["amount_minor"], currency)
        for each in found["times"]:
            told = f"budget {name} ({each['time']}): {format_money(each['asked_minor'], currency)} of {whole}"
            if each["spent_on"] is None:
                yield told
                continue
            after = f"{each['messages_after']:,} messages came after that day"
            ends = {"stop": f"{after}, and would not have gone", "warn": f"it only warns; {after}"}
            shrinks = f"it would have reached fewer from half of it on; {after}"
            yield f"{told}, spent on {each['spent_on']}: {ends.get(found['when_spent'], shrinks)}"
