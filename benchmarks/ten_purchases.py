"""Customers of the bakery that ships with the product (`config/`), each after ten purchases and their messages."""

from __future__ import annotations

import msgspec

from benchmarks.bakery import VOUCHER_KEY, customer_id, enrolments, purchases
from benchmarks.scene import ROOT
from rules.loader import load_merchant
from rules.rule_set import RuleSet
from stamgast.domain.activation import RANKS
from stamgast.domain.events import ActivationOutcome, AnyEvent
from stamgast.fold import Fold
from stamgast.service import Bundle, Change

MERCHANT = "bakkerij-noord"


def shipped_bakery(customers: int, *, with_rules: bool = True) -> Fold:
    """States and ledgers of so many customers, under the shipped programme: cards, CLV, stages; rules if wanted."""
    loaded = load_merchant(ROOT / "config" / "merchants" / MERCHANT)
    if not loaded.ok:
        raise RuntimeError("; ".join(str(problem) for problem in loaded.problems))
    bundle = Bundle(0, "0" * 64, loaded.program, loaded.rules if with_rules else RuleSet())
    fold = Fold(VOUCHER_KEY)
    for event in (*enrolments(customers), *_ten_each(customers)):
        change = fold.apply(msgspec.structs.replace(event, merchant=MERCHANT), bundle)
        _deliver(fold, bundle, event, change)
    return fold


def _ten_each(customers: int) -> list[AnyEvent]:
    made: list[AnyEvent] = []
    for number, event in enumerate(purchases(10 * customers, customers=1)):
        customer = customer_id(number % customers)
        if event.before is None:
            made.append(msgspec.structs.replace(event, customer=customer))
    return made


def _deliver(fold: Fold, bundle: Bundle, event: AnyEvent, change: Change) -> None:
    for submission in change.submissions:
        for status in ("accepted", "delivered"):
            outcome = ActivationOutcome(
                merchant=MERCHANT, customer=event.customer, at=event.at, activation=submission.activation,
                status=status, rank=RANKS[status], attempt="a" * 32, channel="sms",
            )  # fmt: skip
            fold.apply(outcome, bundle)
