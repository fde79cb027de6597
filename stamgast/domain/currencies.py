"""The currencies of ISO 4217, and how many decimals each has."""

from decimal import Decimal
from typing import Final

from stamgast.domain.spelling import nearest
from stamgast.domain.units import Minor

_EXPONENTS: Final = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
_CODES: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT "
    "LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR "
    "NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP "
    "STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD "
    "XCG XOF XPF YER ZAR ZMW ZWG "
    "ATS BEF CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MTL NLG PTE SIT SKK"
)
"""In use; the last line are those that became euros, for history that is imported."""
_IN_ORDER: Final = tuple(_CODES.split())
CURRENCIES: Final = frozenset(_IN_ORDER)
_MEANT: Final = {
    "EURO": "EUR",
    "EUROS": "EUR",
    "€": "EUR",
    "$": "USD",
    "US$": "USD",
    "DOLLAR": "USD",
    "£": "GBP",
    "POUND": "GBP",
    "STERLING": "GBP",
    "¥": "JPY",
    "YEN": "JPY",
    "FRANC": "CHF",
    "SFR": "CHF",
    "ZLOTY": "PLN",
}
_USUAL: Final = ("EUR", "USD", "GBP", "CHF", "DKK", "NOK", "SEK", "PLN", "CZK", "JPY")
_LONGEST: Final = 16


def exponent_of(currency: str) -> int:
    """Decimals of a currency: 2 for most."""
    return _EXPONENTS.get(currency, 2)


def nearest_currency(text: str, own: str = "") -> str:
    """Return the code that was meant by something that is none; empty if nothing is near.

    Of several that are as near the shop's `own` goes first, then the usual ones.
    """
    word = text.strip().upper()[:_LONGEST]
    if word in CURRENCIES:
        return word
    if meant := _MEANT.get(word) or next((each for each in _USUAL if sorted(each) == sorted(word)), ""):
        return meant
    return nearest(word, _USUAL, prefer=own) or nearest(word, _IN_ORDER, prefer=own)


def format_money(minor: Minor, currency: str) -> str:
    """Minor units as people read them: `12.50 EUR`."""
    return f"{Decimal(minor).scaleb(-exponent_of(currency)):f} {currency}"
