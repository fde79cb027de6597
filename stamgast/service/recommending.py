"""What is recommended to a customer: chosen when the message goes, from what they have bought by then."""

from typing import Any

import msgspec

from rules.actions import Recommend
from stamgast.domain.activation import Activation
from stamgast.domain.calendar import business_day
from stamgast.domain.customer import Customer
from stamgast.domain.events import Purchase, PurchaseChanged
from stamgast.domain.facts import Fact
from stamgast.domain.purchase_effects import Applied
from stamgast.domain.recommendations import (
    RECOMMEND,
    RECOMMENDED,
    Product,
    Wanted,
    bought,
    given_back,
    name_of,
    pick,
    skus_of,
)
from stamgast.service.case import Case

MOST_AFTER = 20
"""Products of one purchase that are asked about."""


def wanted_of(how: Recommend, fact: Fact) -> dict[str, Any]:
    """By what a message is to recommend: it goes later, perhaps, and what its rule fired for is known now."""
    after = tuple(_skus(fact.purchase))[:MOST_AFTER]
    wanted: dict[str, Any] = msgspec.to_builtins(Wanted(how.instead, how.again_after, after))
    return wanted


def recommended_to(case: Case, activation: Activation) -> Product | None:
    """What a message recommends if it goes now; None: there is nothing."""
    program = case.program
    wanted = msgspec.convert(activation.data[RECOMMEND], Wanted)
    today = business_day(case.at, program.time_zone)
    return pick(program.goods, program.recommend, wanted, case.customer.lately, today)


def choose(case: Case, activation: Activation) -> None:
    """Let the words name it."""
    product = recommended_to(case, activation)
    if product is not None:
        language = case.customer.language or case.program.languages[0]
        name = name_of(product.sku, case.program.goods, case.program.recommend, language)
        activation.data = {key: value for key, value in activation.data.items() if key != RECOMMEND}
        activation.data[RECOMMENDED] = [product.sku, name]


def remember(customer: Customer, event: PurchaseChanged, applied: Applied) -> None:
    """Know what was bought last; what was given back was not bought."""
    old, new = applied.old, applied.new
    had = _skus(event.before) if old.counts else ()
    has = _skus(event.after) if new.counts else ()
    gone = had if old.day != new.day else [sku for sku in had if sku not in has]
    if gone:
        customer.lately = given_back(customer.lately, gone, old.day)
    if has:
        customer.lately = bought(customer.lately, has, new.day)


def _skus(purchase: Purchase | None) -> list[str]:
    if purchase is None or not purchase.counts:
        return []
    return skus_of((line.sku, line.quantity) for line in purchase.lines)
