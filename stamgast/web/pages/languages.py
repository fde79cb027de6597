"""The languages of pages: what English says in code and templates, said in each of them.

Catalogues are `locale/<language>.po`, kept by `scripts/catalogues.py`; they are read once, when the process starts.
"""

import io
import re
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

FOLDER: Final = Path(__file__).parent / "locale"
COOKIE: Final = "language"
PARAMETER: Final = "lang"
USUAL: Final = "en"
LOCALES: Final = {"nl": Locale("nl"), "fr": Locale("fr"), "de": Locale("de"), "en": Locale("en", "GB")}
"""How each writes days and money: days come first in all of them."""
NAMES: Final = {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}
"""What each calls itself."""
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")
_LONGEST_HEADER: Final = 400


def read_catalogue(language: str) -> Catalog:
    """The texts of a language as its file has them."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def texts(language: str) -> NullTranslations:
    """What says each text in a language; English says it as it stands."""
    if language == USUAL:
        return NullTranslations()
    file = io.BytesIO()
    write_mo(file, read_catalogue(language))
    file.seek(0)
    return Translations(file)


def N_(text: str) -> str:  # noqa: N802  as gettext's users call it
    """Mark a text that is said later: `scripts/catalogues.py` finds it."""
    return text


def known(language: str | None) -> str | None:
    """The language that a tag means (`nl-BE` is nl); None for one that pages do not speak."""
    short = (language or "")[:2].lower()
    return short if short in LOCALES else None


def language_of(request: Request, usual: str | None = None) -> str:
    """What to speak: as the address asks, as was chosen before, as usual here, as the browser asks."""
    return (
        known(request.query_params.get(PARAMETER))
        or known(request.cookies.get(COOKIE))
        or known(usual)
        or _accepted(request.headers.get("accept-language", ""))
        or USUAL
    )


def _accepted(header: str) -> str | None:
    """The first that pages speak of those that a browser likes most (RFC 9110, 12.5.4)."""
    liked: list[tuple[float, str]] = []
    for each in header[:_LONGEST_HEADER].split(","):
        match = _RANGE.fullmatch(each)
        language = known(match[1]) if match and len(match[1]) == len("nl") else None
        quality = float(match[2] or 1) if match else 0.0
        if language is not None and quality > 0:
            liked.append((-quality, language))
    return min(liked, key=lambda each: each[0])[1] if liked else None
