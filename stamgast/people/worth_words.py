"""What a voucher takes off, as its owner and a cashier read it: what is left of it, in their way of writing money."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from babel.numbers import format_currency, format_percent

from stamgast.domain.currencies import exponent_of
from stamgast.domain.voucher_terms import WHOLE, Terms

_LOCALES: Final[Mapping[str, str]] = {"nl": "nl", "fr": "fr", "de": "de", "en": "en_GB"}
_OTHERWISE: Final = "en"
_NARROW, _SPACE = "\u202f", "\u00a0"
"""French puts the first into numbers; many a phone's font has no such space."""


def worth_in_words(terms: Terms | None, currency: str, language: str) -> str:
    """`€ 2,50`, which is the rest where that is kept, or `12,5%`; empty for a thing."""
    worth = None if terms is None else terms.worth
    if terms is None or worth is None:
        return ""
    locale = _LOCALES.get(language[:2], _LOCALES[_OTHERWISE])
    if worth.share:
        said = format_percent(Decimal(worth.share) / WHOLE, format="#,##0.#%", locale=locale)
    else:
        said = format_currency(Decimal(terms.rest).scaleb(-exponent_of(currency)), currency, locale=locale)
    return said.replace(_NARROW, _SPACE)


def times_left(terms: Terms | None) -> int:
    """How often it can be used, where that is what counts: one whose rest is kept is good until nothing is left, 1."""
    if terms is None or (terms.worth is not None and terms.worth.keeps_rest):
        return 1
    return terms.uses_left
