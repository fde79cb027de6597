"""What spreadsheets make of numbers that name somebody."""

import re
from typing import Final

_FIGURE: Final = re.compile(r"[+'-]?\d+([.,]\d+)?e[+-]?\d+|'?\d{6,}[.,]0", re.IGNORECASE)
_ROUNDED: Final = re.compile(r"\d[.,]?\d*e\+\d+", re.IGNORECASE)


def is_figure(text: str) -> bool:
    """Whether a spreadsheet may have taken this number for a figure: 3.1612345678e10, 31612345678.0."""
    return _FIGURE.fullmatch(text) is not None


def is_rounded(text: str) -> bool:
    """Whether this is how a spreadsheet writes a figure that is too long for its cell: 3.16E+10."""
    return _ROUNDED.fullmatch(text) is not None
