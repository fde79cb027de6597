"""What web processes know of a backtest, as one test says it."""

from __future__ import annotations

from stamgast.marketer.backtests import Asked, BusyError, Run, Stands

FOUND = {
    "currency": "EUR", "time_zone": "Europe/Amsterdam", "data": "log", "from": "2026-08-22", "to": "2026-09-20", "customers": 60,
    "purchases": 180, "left_out": 0, "passed_over": 0, "prices_known": True, "rewards_without_cost": [], "budgets": {}, "budgets_settled": True,
    "cards": {}, "lapses": {"called": 0}, "overlaps": [], "difference": None, "messages_per_customer_week": {"mean": 1.0, "most": 0, "weeks": {}},
    "samples": [{"rule": "free-loaf", "at": "2026-09-01T10:00:00Z", "customer": "c1", "channel": "sms", "staff": None, "language": "nl", "text": "Hoi Noor"}],
    "rules": {"free-loaf": {
        "status": "live", "reached": 39, "fired": 60, "not_met": 4, "shadow": 0, "raised": 0, "notices": 0, "would_send": 39, "given": 60,
        "withheld": {"no_consent": 20, "topic_left": 1}, "unsendable": {}, "sms_parts": 39, "cost_minor": 293, "reward_cost_minor": 0, "not_known": [],
    }},
}  # fmt: skip


class Remembered:
    """Knows one backtest, and begins what is asked for."""

    def __init__(self, run: Run | None = None) -> None:
        self.run = run
        self.asked: list[Asked] = []
        self.busy = False

    async def known(self, _merchant: str, _rule: str) -> Run | None:
        return self.run

    async def begin(self, asked: Asked, now: int) -> Run:
        if self.busy:
            raise BusyError
        self.asked.append(asked)
        return Run(asked.rule, asked.first, asked.last, now, Stands.RUNNING)
