"""Numbers as shops write them: `12.50`, `12,50`, `1.250,00`, `1 250,00`, `€ 12,50`. What has two readings is refused.

Who writes `1.250` means twelve hundred and fifty in Utrecht and one and a quarter in London. Nobody guesses: the two
readings are offered.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

SPACES: Final = "\u00a0\u202f\u2009\u2007"
"""Spaces that are not the one on the keyboard: spreadsheets and French keyboards set them between thousands."""
_SPACE: Final = re.compile(f"[{SPACES}]")
_APART: Final = re.compile(r"[ '\u2019]")
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_ONCE: Final = re.compile(r"([0-9]{1,15})([.,])([0-9]{1,9})")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:(?P<apart>[.,])[0-9]{3})(?:(?P=apart)[0-9]{3})*")
_SPACED: Final = re.compile(r"([0-9]{1,3}(?:[ '\u2019][0-9]{3})+)(?:[.,]([0-9]{1,9}))?")
_BOTH: Final = re.compile(r"(.+)([.,])([0-9]{1,9})")
_BESIDE: Final = {"€": "EUR", "£": "GBP"}
"""Signs that one currency alone has; `$` and `¥` could be of several."""
_MONEY: Final = re.compile(
    r"(?P<minus>[-\u2212]?) ?(?:(?P<before>[A-Z]{3}|[€£]) ?)?(?P<inner>[-\u2212]?)"
    r"(?P<amount>[0-9](?:[0-9.,'\u2019 ]*[0-9])?)"
    r"(?: ?(?P<after>[A-Z]{3}|[€£]))?(?P<dash>,-)?"
)


@dataclass(frozen=True, slots=True)
class Readings:
    """What a number may mean: one value, two (a single mark before three digits), or none."""

    values: tuple[Decimal, ...]

    @property
    def only(self) -> Decimal | None:
        """The value, where there is one alone."""
        return self.values[0] if len(self.values) == 1 else None


def plain_spaces(text: str) -> str:
    """The same with every kind of space as the one on the keyboard."""
    return _SPACE.sub(" ", text).strip()


def read_number(text: str, decimals: int = 2) -> Readings:
    """All that a number without a sign may mean to somebody; `decimals` are those that such numbers usually have."""
    if _WHOLE.fullmatch(text):
        return Readings((Decimal(text),))
    if match := _SPACED.fullmatch(text):
        return Readings((Decimal(f"{_APART.sub('', match[1])}.{match[2] or ''}"),))
    if match := _ONCE.fullmatch(text):
        decimal = Decimal(f"{match[1]}.{match[3]}")
        if _GROUPED.fullmatch(text) and not match[1].startswith("0") and not (decimals == 3 and match[2] == "."):
            return Readings((Decimal(match[1] + match[3]), decimal))
        return Readings((decimal,))
    if _GROUPED.fullmatch(text):
        return Readings((Decimal(re.sub("[.,]", "", text)),))
    match = _BOTH.fullmatch(text)
    if match and match[2] not in match[1] and _GROUPED.fullmatch(match[1]):
        return Readings((Decimal(f"{re.sub('[.,]', '', match[1])}.{match[3]}"),))
    return Readings(())


@dataclass(frozen=True, slots=True)
class Written:
    """An amount as it stands there: its number, its currency (empty: none is named), below zero or not."""

    amount: str
    currency: str
    below_zero: bool


def read_written(text: str) -> Written | None:
    """`12.50 EUR`, `EUR 12,50`, `€ 12,50`, `12,50 €`, `€ 12,-`; None for what is no amount at all."""
    match = _MONEY.fullmatch(plain_spaces(text))
    if match is None or (match["before"] and match["after"]) or (match["minus"] and match["inner"]):
        return None
    sign = match["before"] or match["after"] or ""
    return Written(match["amount"], _BESIDE.get(sign, sign), bool(match["minus"] or match["inner"]))


def shown(value: Decimal) -> str:
    """A number as our files have it: `1250`, `1.25`."""
    return f"{value.normalize():f}"


def beyond_doubt(decimal: Decimal) -> str:
    """With two decimals, or else with four: three could again be thousands."""
    return f"{decimal:.2f}" if decimal * 100 % 1 == 0 else f"{decimal:.4f}"
