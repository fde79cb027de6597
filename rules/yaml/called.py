"""Countries and languages as people call them, for their codes."""

from typing import Final

_COUNTRIES: Final = """
NL: nederland netherlands niederlande pays-bas holland nld
BE: belgië belgie belgique belgien belgium bel
DE: duitsland deutschland allemagne germany deu ger
FR: frankrijk france frankreich fra
LU: luxemburg luxembourg lux
GB: engeland angleterre england groot-brittannië uk united_kingdom gbr
AT: oostenrijk autriche österreich austria aut
CH: zwitserland suisse schweiz switzerland che
US: amerika verenigde_staten états-unis usa united_states
"""
_LANGUAGES: Final = """
nl: nederlands néerlandais niederländisch dutch vlaams flemish nld holländisch
fr: frans français francais französisch french fra
de: duits allemand deutsch german deu
en: engels anglais englisch english eng
es: spaans espagnol spanisch spanish español
it: italiaans italien italienisch italian italiano
pl: pools polonais polnisch polish polski
tr: turks turc türkisch turkish türkçe
"""


def _codes(table: str) -> dict[str, str]:
    rows = (line.partition(":") for line in table.strip().splitlines())
    return {name: code for code, _, names in rows for name in (code.casefold(), *names.split())}


_CODE_OF_COUNTRY: Final = _codes(_COUNTRIES)
_CODE_OF_LANGUAGE: Final = _codes(_LANGUAGES)


def country_called(name: str) -> str:
    """The code of a country, such as NL for Nederland; empty if nobody here knows it."""
    return _CODE_OF_COUNTRY.get(name.strip().casefold().replace(" ", "_"), "")


def language_called(name: str) -> str:
    """The code of a language, such as nl for Dutch; empty if nobody here knows it."""
    return _CODE_OF_LANGUAGE.get(name.strip().casefold(), "")
