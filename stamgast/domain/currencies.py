"""How many decimals a currency has, by ISO 4217."""

from decimal import Decimal
from typing import Final

from stamgast.domain.units import Minor

_EXPONENTS: Final = dict.fromkeys(("JPY", "KRW", "CLP", "ISK", "VND", "XAF", "XOF", "UGX", "PYG", "RWF"), 0) | (
    dict.fromkeys(("BHD", "KWD", "OMR", "JOD", "TND", "IQD", "LYD"), 3)
)


def exponent_of(currency: str) -> int:
    """Decimals of a currency: 2 for most."""
    return _EXPONENTS.get(currency, 2)


def format_money(minor: Minor, currency: str) -> str:
    """Minor units as people read them: `12.50 EUR`."""
    return f"{Decimal(minor).scaleb(-exponent_of(currency)):f} {currency}"
