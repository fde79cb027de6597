"""The record shop's customers and receipts, as its till and its website would send them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stamgast.clock.shop_time import format_time
from stamgast.demo.account import Account
from stamgast.demo.cdnow import Receipt
from stamgast.demo.people import Person, record_buyer
from stamgast.demo.shop import Shop, sale
from stamgast.domain.calendar import at_local
from stamgast.domain.program import Program
from stamgast.domain.units import Millis

_OPENS: Final = 10 * 60
_SLOTS: Final = 17
"""Half hours from ten to six."""
_REPEATED: Final = 10
_LATEST: Final = 8


@dataclass(slots=True)
class RecordShop:
    """Enrols the people of the purchase log and hands in their receipts."""

    shop: Shop
    program: Program
    account: Account
    latest: deque[tuple[str, Person]] = field(default_factory=lambda: deque(maxlen=_LATEST))
    """Who bought last, newest last: the customer, and the person."""
    _names: dict[str, str] = field(default_factory=dict)

    def name_of(self, phone: str) -> str:
        """What the person is called who has this phone; empty for one that has bought nothing yet."""
        return self._names.get(phone, "")

    async def enrol(self, numbers: Sequence[int]) -> None:
        """Enrol these customers, all at the same time."""
        found = await asyncio.gather(*(self.shop.enrol(record_buyer(number).enrolment()) for number in numbers))
        for customer in found:
            self.account.enrolled(self.shop.merchant, customer)

    async def send(self, receipts: Sequence[Receipt]) -> None:
        """Hand in receipts in one request; then every tenth of them once more, as tills do that got no answer."""
        purchases = [self._purchase(receipt) for receipt in receipts]
        customers = await self.shop.send(purchases)
        again = [each for receipt, each in zip(receipts, purchases, strict=True) if receipt.number % _REPEATED == 0]
        if again:
            await self.shop.send(again)
        for receipt, customer, purchase in zip(receipts, customers, purchases, strict=True):
            self.account.sold(self.shop.merchant, customer, purchase)
            self._note(customer, record_buyer(receipt.customer))

    def _note(self, customer: str, who: Person) -> None:
        self._names[who.phone] = who.first_name
        if (customer, who) in self.latest:
            self.latest.remove((customer, who))
        self.latest.append((customer, who))

    def moment_of(self, receipt: Receipt) -> Millis:
        """Give a receipt its hour, for the log knows the day alone."""
        half_hour = receipt.number * 7 % _SLOTS
        return at_local(receipt.day, _OPENS + 30 * half_hour, self.program.time_zone)

    def _purchase(self, receipt: Receipt) -> dict[str, Any]:
        return sale(
            f"cdnow:{receipt.number}",
            at=format_time(self.moment_of(receipt)),
            store=next(iter(self.program.stores)),
            currency=self.program.currency,
            amount=receipt.amount,
            customer={"phone": record_buyer(receipt.customer).phone},
        )
