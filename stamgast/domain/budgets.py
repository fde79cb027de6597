"""Budgets: how much money a rule, a campaign or the whole shop may spend on messages and offers, and in which time.

Amounts are in thousandths of a minor unit, as prices of messages are; `Budget.amount` is in minor units, as people
write it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from stamgast.domain.calendar import at_local, business_day, date_of
from stamgast.domain.units import Day, Millis, Minor

Mills = int
"""Thousandths of a minor unit."""
MILLS: Final = 1_000
WHOLE: Final = 1_000
"""What is left of a budget of which nothing was spent, in thousandths of it."""


def told(mills: Mills) -> Minor:
    """What people read of so much, wherever they read it: reports, alerts and logs are of one sum."""
    return round(mills / MILLS)


class Of(StrEnum):
    """Whose budget it is."""

    RULE = "rule"
    CAMPAIGN = "campaign"
    SHOP = "shop"
    PRIZE = "prize"
    """The stock of an instant prize: no money, and of each prize one whole unit (`stamgast.domain.draws`)."""


class Booked(StrEnum):
    """What is counted of a budget."""

    SPENT = "spent"
    """Less what came back."""
    BACK = "back"
    """Unused vouchers, messages that did not go."""


class For(NamedTuple):
    """What money is spent on, or was: a rule's message, or the voucher with a code."""

    rule: str = ""
    activation: str = ""
    code: str = ""


class Per(StrEnum):
    """The time that a budget is for, on the shop's calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    TOTAL = "total"


class WhenSpent(StrEnum):
    """What becomes of a rule when its budget is spent."""

    STOP = "stop"
    SHRINK = "shrink"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Budget:
    """So much money in each such time."""

    amount: Minor
    per: Per = Per.TOTAL
    when_spent: WhenSpent = WhenSpent.STOP

    @property
    def holds(self) -> bool:
        """Whether it holds anything back: one that only warns does not."""
        return self.when_spent is not WhenSpent.WARN

    @property
    def mills(self) -> Mills:
        """All of it."""
        return self.amount * MILLS


@dataclass(frozen=True, slots=True)
class Campaign:
    """A group of rules with one budget, a first and a last day."""

    id: str
    budget: Budget | None = None
    starts: Day | None = None
    ends: Day | None = None
    rules: tuple[str, ...] = ()
    """Those that the group names; a rule may name its campaign as well."""


def name_of(budget: Budget, of: Of, which: str = "") -> str:
    """What a budget is called on the log: `rule:win-back/month`. Another `per` is another budget."""
    return f"{of}:{which}/{budget.per}" if which else f"{of}/{budget.per}"


def charged_to(name: str, budget: Budget, at: Millis, zone: str) -> str:
    """A budget in the time that a moment belongs to: `rule:win-back/month@2026-11`."""
    return f"{name}@{period_of(budget.per, at, zone)}"


def parts_of(charged: str) -> tuple[str, str]:
    """The name of a budget, and the time."""
    name, _, period = charged.rpartition("@")
    return name, period


def period_of(per: Per, at: Millis, zone: str) -> str:
    """The time that a moment belongs to; of one `per`, later times are greater words."""
    return _word(per, business_day(at, zone))


def next_period(per: Per, at: Millis, zone: str) -> Millis | None:
    """When the next such time begins; None: there is only one."""
    if per is Per.TOTAL:
        return None
    today = business_day(at, zone)
    day = today + 1
    while _word(per, day) == _word(per, today):
        day += 1
    return at_local(day, 0, zone)


def _word(per: Per, day: Day) -> str:
    date = date_of(day)
    match per:
        case Per.TOTAL:
            return per.value
        case Per.DAY:
            return f"{date:%Y-%m-%d}"
        case Per.WEEK:
            year, week, _ = date.isocalendar()
            return f"{year:04}-W{week:02}"
        case Per.MONTH:
            return f"{date:%Y-%m}"
        case Per.YEAR:
            return f"{date:%Y}"
        case _:
            assert_never(per)
