"""Amounts and quantities as systems write them -> whole minor units and decimal text.

What is written with a fraction is a `Decimal` until it is quantised, once and at the end, by the decimals of its
currency (ISO 4217).
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Minor
from stamgast.pos.types import MOST_MINOR

_LONGEST: Final = 40
"""Characters of an amount: 10.649999999999999 has 18."""
_DIGITS: Final = 15
"""Before the point: more than any amount that is taken."""
_ONE: Final = Decimal(1)
_MOST: Final = 10**18
_THOUSANDTH: Final = Decimal("0.000001")


def decimal(value: Any) -> Decimal:
    """A number, or text that is one. Raises ValueError for anything else: true, NaN, 1e9999, a blank."""
    if isinstance(value, Decimal):
        return _checked(value)
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, float):
        return of_text(repr(value))
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("is no amount")  # noqa: TRY004  what somebody wrote is wrong, not our call
    if abs(value) > _MOST:
        raise ValueError("is larger than any amount")
    return Decimal(value)


def minor(value: Any, currency: str, rounding: str = ROUND_HALF_UP) -> Minor:
    """Major units, such as 12.4 or "12.40", -> whole minor units. Raises ValueError."""
    kind = type(value)
    if kind is Decimal or kind is str:  # prices come again and again; true would be equal to 1
        return _minor(value, currency, rounding)
    return _whole(decimal(value).scaleb(exponent_of(currency)), rounding)


@lru_cache(maxsize=8192)
def _minor(value: str | Decimal, currency: str, rounding: str) -> Minor:
    return _whole(decimal(value).scaleb(exponent_of(currency)), rounding)


def whole(value: Any) -> Minor:
    """What a system writes in minor units already. Raises ValueError where it has a fraction."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > MOST_MINOR:
            raise ValueError("is larger than any amount")
        return value
    read = decimal(value)
    if read != read.to_integral_value():
        raise ValueError("is no whole number of minor units")
    return _whole(read, ROUND_HALF_UP)


def scaled(value: Any, decimals: int, currency: str, rounding: str = ROUND_HALF_UP) -> Minor:
    """What a system writes as a whole number with so many decimals, whatever the currency's are."""
    return _whole(decimal(value).scaleb(exponent_of(currency) - decimals), rounding)


def quantity_text(value: Any) -> str:
    """A quantity as the contract writes it: decimal text, up to six decimals. Raises ValueError."""
    return _quantity_text(decimal(value))


@lru_cache(maxsize=1024)
def _quantity_text(read: Decimal) -> str:
    if read.adjusted() > 8:
        raise ValueError("is larger than any quantity")
    if read == read.to_integral_value():
        return f"{int(read)}"
    text = f"{read.quantize(_THOUSANDTH, ROUND_HALF_UP):f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def rate_text(fraction: Any) -> str | None:
    """A tax rate such as 0.21 -> the contract's percentage, "21"; None for one that cannot be."""
    try:
        return _percent_text(decimal(fraction).scaleb(2))
    except ValueError:
        return None


def percent_text(percent: Any) -> str | None:
    """A tax rate such as 21.0 -> "21"; None for one that cannot be."""
    try:
        return _percent_text(decimal(percent))
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _percent_text(read: Decimal) -> str | None:
    if not 0 <= read < 1000:
        return None
    text = f"{read.quantize(Decimal('0.0001'), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".")


def spread(total: Minor, weights: Sequence[int]) -> list[Minor]:
    """Divide a total in proportion to weights by largest remainder, so that the parts sum to it exactly.

    Weights below zero count as zero; of none at all the parts are even.
    """
    if not weights:
        return []
    sizes = [max(0, each) for each in weights]
    whole_size = sum(sizes)
    if not whole_size:
        sizes, whole_size = [1] * len(weights), len(weights)
    sign, left = (-1 if total < 0 else 1), abs(total)
    parts = [left * size // whole_size for size in sizes]
    rest = left - sum(parts)
    by_remainder = sorted(range(len(sizes)), key=lambda n: (-(left * sizes[n] % whole_size), n))
    for index in by_remainder[:rest]:
        parts[index] += 1
    return [sign * part for part in parts]


def lowered(lines: list[dict[str, Any]], left: Minor, whole_total: Minor) -> list[dict[str, Any]]:
    """Lines of goods after a refund that names none: money in proportion, whole pieces rounded for the customer.

    So does the engine with a refund without lines (`stamgast.domain.net_purchase`).
    """
    if not 0 <= left < whole_total:
        return lines
    goods = [line for line in lines if line.get("kind", "sale") == "sale"]
    money = spread(left, [line["gross_minor"] for line in goods])
    lower = []
    for line, gross in zip(goods, money, strict=True):
        quantity = Decimal(line.get("quantity", "1")) * left / whole_total
        if Decimal(line.get("quantity", "1")) % 1 == 0:
            quantity = quantity.to_integral_value(ROUND_CEILING)
        changed = line | {"gross_minor": gross, "quantity": quantity_text(quantity)}
        if "tax_minor" in line and line["gross_minor"]:
            changed["tax_minor"] = line["tax_minor"] * gross // line["gross_minor"]
        if quantity:
            lower.append(changed)
    by_id = {line["line_id"]: line for line in lower}
    gone = {line["line_id"] for line in goods} - by_id.keys()
    return [by_id.get(line["line_id"], line) for line in lines if line["line_id"] not in gone]


def at_most(lines: list[dict[str, Any]], **left: Minor) -> list[dict[str, Any]]:
    """Lines beside the goods, by their kind, lowered to what is left of it all; one of which nothing is left goes."""
    for kind, most in left.items():
        own = [line for line in lines if line.get("kind") == kind]
        if sum(line["gross_minor"] for line in own) <= max(0, most):
            continue
        money = spread(max(0, most), [line["gross_minor"] for line in own])
        lower = {id(line): line | {"gross_minor": gross} for line, gross in zip(own, money, strict=True)}
        lines = [each for line in lines if (each := lower.get(id(line), line))["gross_minor"] or id(line) not in lower]
    return lines


def _whole(value: Decimal, rounding: str) -> Minor:
    found = int(value.quantize(_ONE, rounding))
    if abs(found) > MOST_MINOR:
        raise ValueError("is larger than any amount")
    return found


@lru_cache(maxsize=4096)
def of_text(text: str) -> Decimal:
    """Text that is a number. Raises ValueError."""
    if len(text) > _LONGEST or not text.isascii() or "_" in text:
        raise ValueError("is no amount")
    try:
        return _checked(Decimal(text.strip()))
    except InvalidOperation:
        raise ValueError("is no amount") from None


def _checked(value: Decimal) -> Decimal:
    if not value.is_finite() or value.adjusted() > _DIGITS:
        raise ValueError("is no amount")
    return value
