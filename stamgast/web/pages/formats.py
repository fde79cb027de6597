"""Money, figures and days as a language writes them: the filters of templates."""

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any, Final

from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Millis, Minor
from stamgast.web.pages.languages import LOCALES

_NARROW: Final = "\u202f"
"""French puts it into numbers; many a phone's font has no such space."""
_SPACE: Final = "\u00a0"


def filters(language: str) -> dict[str, Callable[..., Any]]:
    """What templates write values with, by the filter's name."""
    locale = LOCALES[language]

    def money(minor: Minor, currency: str) -> str:
        """Minor units as an amount: `1240|money("EUR")` is € 12,40."""
        value = Decimal(minor).scaleb(-exponent_of(currency))
        return format_currency(value, currency, locale=locale).replace(_NARROW, _SPACE)

    def number(value: float | Decimal, decimals: int = 0) -> str:
        """A figure with its thousands apart, and as many decimals as are said."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(value, format=pattern, locale=locale).replace(_NARROW, _SPACE)

    def compact(value: float) -> str:
        """A large figure in few letters: 12K, 3,4 Mio."""
        return format_compact_decimal(value, locale=locale, fraction_digits=1).replace(_NARROW, _SPACE)

    def percent(share: float, decimals: int = 0) -> str:
        """A share of one as a percentage."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + "%"
        return format_percent(share, format=None if not decimals else pattern, locale=locale).replace(_NARROW, _SPACE)

    def day(value: date | str, style: str = "long") -> str:
        """A day, also one written as 2026-10-01. `style` is Babel's: short, medium, long, full."""
        return format_date(date.fromisoformat(value) if isinstance(value, str) else value, style, locale=locale)

    def month(value: date | str) -> str:
        """The month of a day, with its year."""
        return format_date(date.fromisoformat(value) if isinstance(value, str) else value, "MMMM y", locale=locale)

    def moment(value: Millis, zone: tzinfo = UTC, style: str = "medium") -> str:
        """A moment (milliseconds UTC) on the clocks of a zone."""
        there = datetime.fromtimestamp(value / 1_000, UTC)
        return format_datetime(there, style, tzinfo=zone, locale=locale)

    return {
        "money": money,
        "number": number,
        "compact": compact,
        "percent": percent,
        "day": day,
        "month": month,
        "moment": moment,
    }


@cache
def tenths(language: str) -> Callable[[float], str]:
    """How charts write a figure with one decimal."""
    number = filters(language)["number"]
    return lambda value: str(number(value, 1))
