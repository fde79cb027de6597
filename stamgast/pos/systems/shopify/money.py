"""Amounts of Shopify's objects: in the shop's own currency, which `…_set` names."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from stamgast.pos.systems import amounts
from stamgast.pos.systems.names import DEPOSIT, is_deposit
from stamgast.pos.systems.part import Part

ZERO: Final = Decimal(0)


def money(part: Part, name: str, default: Decimal | None = ZERO) -> Decimal:
    """An amount in the shop's currency; the plain field is that as well, and older objects have only it."""
    content = part.content
    both = content.get(name + "_set")
    if both is None:
        text = content.get(name)
        if text is None and default is not None:
            return default
    else:
        shop = both.get("shop_money") if type(both) is dict else None
        text = shop.get("amount") if type(shop) is dict else None
    if type(text) is str and text:  # as nearly all of them are: a place is only needed to say what is wrong
        try:
            return amounts.of_text(text)
        except ValueError:
            pass
    if both is not None and (inner := part.part(f"{name}_set")) is not None:
        shop = inner.part("shop_money")
        if shop is not None and shop.has("amount"):
            return shop.number("amount")
    return part.number(name, default=default)


def has_money(part: Part, name: str) -> bool:
    """Whether it is there in either way."""
    return part.has(name) or part.has(f"{name}_set")


def total(parts: Iterable[Part], *names: str) -> Decimal:
    """The sum of fields over objects, where they are there."""
    found = ZERO
    for each in parts:
        for name in names:
            found += money(each, name)
    return found


def tax_lines_of(part: Part) -> list[Part]:
    """The taxes of a line."""
    return part.parts("tax_lines") if part.content.get("tax_lines") else []


def tax_of(part: Part) -> Decimal:
    """The tax of a line, in the shop's currency."""
    return total(tax_lines_of(part), "price")


def discount_of(part: Part) -> Decimal:
    """What was taken off a line: its share of every discount, else what older objects say."""
    allocations = part.parts("discount_allocations") if part.content.get("discount_allocations") else []
    return total(allocations, "amount") if allocations else money(part, "total_discount")


def kind_of(line: Part) -> str:
    """The kind of a line that stands beside the goods; empty for goods."""
    if line.content.get("gift_card") and line.flag("gift_card"):
        return "gift_card"
    return DEPOSIT if is_deposit(line.maybe("title", "name")) else ""


def currency_in(part: Part, *names: str) -> str | None:
    """The shop's currency as the first of these `…_set`s says it."""
    for name in names:
        both = part.part(f"{name}_set")
        shop = both.part("shop_money") if both is not None else None
        code = shop.maybe("currency_code", "currency") if shop is not None else None
        if code and code != "XXX":
            return code.upper()
    return None
