"""What tills deliver: transactions with edits, voids and refunds, each delivery two or three times and out of order."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from stamgast.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from tests.builders import line, refund, snapshot

Delivery = dict[str, Any]

_LAPSE = 90 * DAY
"""After so long somebody who has come once or twice is missed, by the programme's default."""


class Till:
    """Draws transactions of some customers; the same seed draws the same ones."""

    def __init__(self, customers: Sequence[str], seed: int, prefix: str = "t") -> None:
        self._customers = customers
        self._random = random.Random(seed)
        self._prefix = prefix
        self.count = 0

    def transaction(self, *, live: bool) -> list[Delivery]:
        """All deliveries of a new transaction.

        A live one happens now, any other in the last half year: many of those so long ago that their customer, if it
        was the last one, counts as lapsing, and some of them since yesterday or so, which is still news.
        """
        draw = self._random
        self.count += 1
        name = f"{self._prefix}{self.count}"
        when = now() - self._ago(live=live)
        customer = draw.choice(self._customers)
        deliveries = list(self._life(name, customer, when))
        repeated = [each for each in deliveries for _ in range(draw.choice((2, 2, 3)))]
        draw.shuffle(repeated)
        return repeated

    def _ago(self, *, live: bool) -> Millis:
        draw = self._random
        if live:
            return draw.randrange(60 * SECOND)
        if draw.random() < 0.4:
            return draw.randrange(_LAPSE + 14 * HOUR, _LAPSE + 30 * HOUR)
        return draw.randrange(5 * DAY, 200 * DAY)

    def _life(self, name: str, customer: str, when: Millis) -> Iterator[Delivery]:
        draw = self._random
        basket = self._basket()
        more: dict[str, Any] = {"customer": customer, "store": draw.choice(("shop", "bar")), "when": when}
        fate = draw.choices(("sold", "edited", "refunded", "voided", "part back", "claimed"), (60, 12, 8, 5, 10, 5))[0]
        first = dict(more, customer=None) if fate == "claimed" else more
        yield snapshot(name, 1, lines=basket, **first)
        gross = sum(each["gross_minor"] for each in basket)
        match fate:
            case "edited":
                yield snapshot(name, 2, lines=self._basket(), **more)
            case "claimed":
                yield snapshot(name, 2, lines=basket, **more)
            case "voided":
                yield snapshot(name, 2, lines=basket, status="voided", **more)
            case "refunded":
                parts = [(each["line_id"], each["quantity"], each["gross_minor"]) for each in basket]
                yield refund(name, "r1", gross, lines=parts, when=when + MINUTE)
            case "part back":
                one = basket[0]
                back = [(one["line_id"], one["quantity"], one["gross_minor"])]
                yield refund(name, "r1", one["gross_minor"], lines=back, when=when + MINUTE)

    def _basket(self) -> list[Delivery]:
        draw = self._random
        found = []
        for number in range(draw.randrange(1, 4)):
            category = draw.choice(("bread", "drinks", "pastry"))
            quantity = draw.choice(("1", "1", "2"))
            found.append(line(str(number), draw.choice((350, 280, 1240, 99)), quantity, category=category))
        return found


class Crowd(Till):
    """Everybody buys a loaf, one after the other."""

    def transaction(self, *, live: bool) -> list[Delivery]:
        """The only delivery of the next one's purchase."""
        customer = self._customers[self.count]
        self.count += 1
        bread: list[Any] = [line("0", 350, "1", category="bread")]
        return [snapshot(f"{self._prefix}{self.count}", 1, lines=bread, customer=customer, store="shop", when=now())]


def now() -> Millis:
    """The machine's time, which is the shop's in these proofs."""
    return time.time_ns() // 1_000_000
