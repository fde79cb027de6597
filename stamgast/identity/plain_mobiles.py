"""Mobile numbers written out in full, such as +31612345678: their pattern says what they are, nothing is to be read.

Tills write most phones like that, and reading them was a tenth of what a sale costs at the door. The patterns are
phonenumbers' own; tests hold that it would have said the same of each.
"""

import re
from functools import cache
from typing import Final

from phonenumbers import PhoneMetadata

_COUNTRIES: Final = ("NL", "BE", "LU", "DE", "FR")
"""Each has a country code of its own, and no mobile number of theirs is of a kind that counts before mobile."""


def is_plain_mobile(text: str) -> bool:
    """Whether this is, as it stands, the E.164 of a mobile number of a country near us; others may be one as well."""
    return text.startswith("+") and _pattern().fullmatch(text) is not None


@cache
def _pattern() -> re.Pattern[str]:
    found = []
    for country in _COUNTRIES:
        known = PhoneMetadata.metadata_for_region(country)
        if known is None or known.mobile is None or known.mobile.national_number_pattern is None:
            continue  # whoever leaves a country out of phonenumbers has its numbers read the long way
        found.append(rf"{known.country_code}(?:{known.mobile.national_number_pattern})")
    return re.compile(rf"\+(?:{'|'.join(found)})", re.ASCII) if found else re.compile(r"(?!)")
