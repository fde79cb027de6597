"""What people write after the options of `stamgast clv`; what is none of it exits with 2 and says what to write."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

import typer

from stamgast.commands.answering import misuse
from stamgast.domain.units import Day

Cost = Annotated[str, typer.Option(help="What it cost to win the customer; taken off.")]

_LONGEST_WEEKS: Final = 5_218.0


def read_number(name: str, text: str) -> Decimal:
    """A decimal number from 0."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        misuse(f"{name} is {text!r}; it is a number such as 12.50")
    return value


def read_cost(text: str) -> Decimal | None:
    """What it cost to win a customer, if anything was said."""
    return read_number("--acquisition-cost", text) if text else None


def read_share(name: str, text: str) -> Decimal:
    """`0.1` or `10%`."""
    value = read_number(name, text.removesuffix("%"))
    value = value / 100 if text.endswith("%") else value
    if value > 1:
        misuse(f"{name} is {text!r}; for a tenth write 0.1 or 10%")
    return value


def read_weeks(text: str) -> float:
    """A horizon, `39w` or `273d`, in weeks."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([wd])", text)
    weeks = float(match[1]) / (7 if match[2] == "d" else 1) if match else 0.0
    if not 0 < weeks <= _LONGEST_WEEKS:
        misuse(f"--horizon is {text!r}; write it as 39w or 273d, at most a hundred years")
    return weeks


def read_day(name: str, text: str) -> Day:
    """`1997-09-30` as days since 1970-01-01."""
    try:
        return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        misuse(f"{name} is {text!r}; write it as 1997-09-30")
