"""What was handed in and acknowledged, counted here and not by the engine: the one side of the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stamgast.domain.units import Minor


@dataclass(slots=True)
class Expected:
    """What a customer's state must say in the end: each receipt that stands is a purchase of its own."""

    purchases: int = 0
    spend: Minor = 0
    refunded: int = 0
    """Receipts that were taken back whole; they count neither in `purchases` nor in `spend`."""


@dataclass(slots=True)
class _Receipt:
    customer: str
    amount: Minor
    refunded: bool = False


@dataclass(slots=True)
class Account:
    """Every receipt that the engine acknowledged, by merchant and transaction."""

    _receipts: dict[tuple[str, str], _Receipt] = field(default_factory=dict)
    _customers: dict[tuple[str, str], None] = field(default_factory=dict)

    def enrolled(self, merchant: str, customer: str) -> None:
        """Note a customer, who may never buy anything."""
        self._customers[merchant, customer] = None

    def sold(self, merchant: str, customer: str, purchase: Mapping[str, Any]) -> None:
        """Note an acknowledged receipt; the same one twice is one."""
        self.enrolled(merchant, customer)
        amount = int(purchase["totals"]["gross_minor"])
        self._receipts.setdefault((merchant, purchase["transaction_id"]), _Receipt(customer, amount))

    def refunded(self, merchant: str, transaction: str) -> None:
        """Note that a receipt was taken back whole."""
        self._receipts[merchant, transaction].refunded = True

    @property
    def sent(self) -> int:
        """How many receipts were handed in, refunded ones included."""
        return len(self._receipts)

    @property
    def taken_back(self) -> int:
        """How many of them were refunded whole."""
        return sum(receipt.refunded for receipt in self._receipts.values())

    @property
    def customers(self) -> int:
        """How many customers were enrolled."""
        return len(self._customers)

    def expected(self) -> Iterator[tuple[str, str, Expected]]:
        """Go through (merchant, customer, what their state must say)."""
        totals = {key: Expected() for key in self._customers}
        for (merchant, _transaction), receipt in self._receipts.items():
            total = totals[merchant, receipt.customer]
            if receipt.refunded:
                total.refunded += 1
            else:
                total.purchases += 1
                total.spend += receipt.amount
        for (merchant, customer), total in totals.items():
            yield merchant, customer, total
