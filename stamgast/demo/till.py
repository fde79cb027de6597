"""The bakery's till: a product pressed is a purchase sent, and the last receipt can be taken back."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.rule_set import RuleSet
from stamgast.clock.shop_time import format_time
from stamgast.demo.account import Account
from stamgast.demo.people import Person, regular
from stamgast.demo.shop import Shop, full_refund, sale
from stamgast.demo.shop_time import ShopTime
from stamgast.domain.contact_policy import is_held_out
from stamgast.domain.program import Program
from stamgast.domain.units import Minor

REGULARS: Final = 5
_CANDIDATES: Final = 10


class NothingToRefundError(Exception):
    """The customer's last receipt is another one, or was taken back already."""


@dataclass(frozen=True, slots=True)
class Product:
    """Something on the shelf. `category` is what stamp cards and margins go by."""

    id: str
    name: str
    category: str
    price: Minor


PRODUCTS: Final = {
    product.id: product
    for product in (
        Product("bread", "Bread", "bread", 350),
        Product("baguette", "Baguette", "bread", 220),
        Product("croissant", "Croissant", "pastry", 160),
        Product("coffee", "Coffee", "drinks", 280),
        Product("rolls", "Rolls", "pastry", 240),
        Product("cake", "Cake", "pastry", 1450),
    )
}


@dataclass(slots=True)
class Receipt:
    """A purchase that the engine has acknowledged."""

    purchase: Mapping[str, Any]
    product: Product
    is_refunded: bool = False

    @property
    def id(self) -> str:
        """The transaction it stands for."""
        return str(self.purchase["transaction_id"])


@dataclass(slots=True)
class Regular:
    """A customer at the till, and what they bought last."""

    person: Person
    customer: str
    last: Receipt | None = None
    is_served: bool = False
    """Somebody pressed the till for them: from then on the trial itself buys nothing in their name."""


@dataclass(slots=True)
class Till:
    """One till of the bakery's first store."""

    shop: Shop
    program: Program
    account: Account
    time: ShopTime
    regulars: list[Regular] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def open(self, rules: RuleSet) -> None:
        """Enrol regulars until enough of them hear from the bakery: some land in a rule's holdout, by design."""
        for number in range(_CANDIDATES):
            if len(self.regulars) == REGULARS:
                return
            person = regular(number)
            customer = await self.shop.enrol(person.enrolment())
            self.account.enrolled(self.shop.merchant, customer)
            held_out = any(is_held_out(self.shop.merchant, rule.id, customer, rule.hold_out) for rule in rules.all)
            if not held_out:
                self.regulars.append(Regular(person, customer))

    async def serve(self, who: Regular, product: Product) -> None:
        """Ring one product up because somebody at the page pressed it."""
        who.is_served = True
        async with self.time.still:
            await self._sell(who, product)

    async def play(self, who: Regular, product: Product) -> Receipt | None:
        """Ring one product up because the trial's story has it; None if somebody at the page serves this customer."""
        async with self.time.still:
            return None if who.is_served else await self._sell(who, product)

    async def _sell(self, who: Regular, product: Product) -> Receipt:
        line = {
            "line_id": "1",
            "sku": product.id,
            "name": product.name,
            "category": product.category,
            "quantity": "1",
            "gross_minor": product.price,
        }
        purchase = sale(
            f"till1:{next(self._numbers)}",
            at=format_time(self.time.now()),
            store=next(iter(self.program.stores)),
            currency=self.program.currency,
            amount=product.price,
            customer={"phone": who.person.phone},
            lines=[line],
        )
        await self.shop.send([purchase])
        self.account.sold(self.shop.merchant, who.customer, purchase)
        who.last = receipt = Receipt(purchase, product)
        return receipt

    async def take_back(self, who: Regular, receipt_id: str) -> None:
        """Take the customer's last receipt back, if it still is the one that was meant.

        Raises:
            NothingToRefundError: their last receipt is another one, or was taken back already.
        """
        who.is_served = True
        async with self.time.still:
            receipt = who.last
            if receipt is None or receipt.id != receipt_id or receipt.is_refunded:
                raise NothingToRefundError
            await self._refund(receipt)

    async def regret(self, receipt: Receipt) -> None:
        """Take a receipt back because the trial's story has it."""
        async with self.time.still:
            if not receipt.is_refunded:
                await self._refund(receipt)

    async def _refund(self, receipt: Receipt) -> None:
        await self.shop.send([full_refund(receipt.purchase, at=format_time(self.time.now()))])
        receipt.is_refunded = True
        self.account.refunded(self.shop.merchant, receipt.id)
