"""How many decimals a currency has, by ISO 4217."""

from typing import Final

_EXPONENTS: Final = dict.fromkeys(("JPY", "KRW", "CLP", "ISK", "VND", "XAF", "XOF", "UGX", "PYG", "RWF"), 0) | (
    dict.fromkeys(("BHD", "KWD", "OMR", "JOD", "TND", "IQD", "LYD"), 3)
)


def exponent_of(currency: str) -> int:
    """Decimals of a currency: 2 for most."""
    return _EXPONENTS.get(currency, 2)
