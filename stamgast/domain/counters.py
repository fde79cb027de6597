"""What the read model counts per merchant, and how counters are named. Their words stand in Redis and never change."""

from enum import StrEnum
from typing import Final


class Counter(StrEnum):
    """What the read model counts per merchant; `counter` adds of what, and what became of it."""

    CUSTOMERS = "customers"
    JOINED = "joined"
    ERASED = "erased"
    OPTED_OUT = "opted_out"
    PURCHASES = "purchases"
    SPEND = "spend"
    PROFIT = "profit"
    CONTACT_COST = "contact_cost"
    WAITING_FOR_REVIEW = "waiting_for_review"
    """Purchases that wait for a person now."""
    FEED_STALE = "feed_stale"
    AT_RISK = "at_risk"
    LAPSING = "lapsing"
    LAPSED = "lapsed"
    STAGE = "stage"
    """By stage, how many stand there now."""
    CARD = "card"
    """By card and `Tally`."""
    REWARD = "reward"
    """By reward and `Tally` or state of a voucher."""
    RULE = "rule"
    """By rule and `Tally` or status of a message that it did not send."""
    LAUNCH = "launch"
    """By rule, when it was launched, and what trip wires ask about."""
    VARIANT = "variant"
    """By rule, variant and `Tally` or status of its messages."""
    TAGS = "tags"
    """By `Tally`."""
    TIER = "tier"
    """By tier and `Tally`: those that rules gave."""
    STAFF = "staff"
    """By name and status, or `Tally`: what they were told."""
    BUDGET = "budget"
    """By a budget's name, the time it is for, and `stamgast.domain.budgets.Booked`: thousandths of a minor unit."""
    MESSAGE = "message"
    """By channel and status."""
    SUPPRESSED = "suppressed"
    """By reason."""
    MEASURE = "measure"
    """By rule, side of its comparison where there is one, and `Sum`."""
    ANSWERS = "answers"
    """Of a report alone: by question, by what they are parted, which part, and `stamgast.domain.satisfaction.Said`."""
    REFERRAL = "referral"
    """By `stamgast.domain.referrals.Became`, and the reason of what was refused."""
    DRAW = "draw"
    """By draw and `Tally`, `won` or `lost`."""
    TILL = "till"
    """By till, operator, ISO week and `AtTill`."""
    EVENT = "event"
    """Of the merchant's own, by name, and by `Tally` if it set nothing off."""


class Tally(StrEnum):
    """What became of something that is counted."""

    COMPLETED = "completed"
    ISSUED = "issued"
    FIRED = "fired"
    NOT_MET = "not_met"
    """By the condition that turned it down."""
    NOT_IN_CANARY = "not_in_canary"
    WITHHELD = "withheld"
    """By reason."""
    RAISED = "raised"
    SHADOW = "shadow"
    TOO_MANY = "too_many"
    TOO_LATE = "too_late"
    ENTERED = "entered"
    ENTRANTS = "entrants"
    """Customers with an entry that stands."""
    TAKEN = "taken"
    """Prizes that were used at a till."""
    COST = "cost"
    """Of those, in minor units."""


class AtTill(StrEnum):
    """What is counted of a till's week."""

    STAMPS = "stamps"
    """Given by hand, less what was taken back."""
    HANDED = "handed"
    """How often, likewise."""
    REDEEMED = "redeemed"
    """Vouchers, also those whose redemption was taken back."""


BETWEEN: Final = "|"
"""What stands between the words of a counter."""


def counter(*words: str) -> str:
    """Name what is counted: `reward|free_loaf|issued`."""
    return BETWEEN.join(words)
