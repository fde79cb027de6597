"""What people write after the options of `stamgast clv`; what is none of it exits with 2 and says what to write."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

import typer

from stamgast.commands.answering import misuse
from stamgast.domain.units import Day
from stamgast.domain.written_money import beyond_doubt, plain_spaces, shown
from stamgast.domain.written_money import read_number as read_written_number

Margins = Annotated[
    str,
    typer.Option(
        help="Instead of a column profit, by the column category: `bread=60%,coffee=-10%`; `other` is for the rest."
    ),
]
Cost = Annotated[str, typer.Option(help="What it cost to win the customer; it is subtracted.")]

LARGEST: Final = 1_000_000_000_000
"""More than any shop takes in, and little enough for sums to be right to the cent."""
_LONGEST_WEEKS: Final = 5_218.0
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def read_number(name: str, text: str) -> Decimal:
    """A decimal number from 0."""
    value = _decimal(text)
    if value is None or value < 0:
        meant = [shown(each) for each in read_written_number(plain_spaces(text)).values]
        misuse(f"{name} is {text!r}; it is a number from 0, such as {meant[0] if meant else '12.50'}")
    if value > LARGEST:
        misuse(f"{name} is {text!r}; the largest number that is taken is {LARGEST}")
    return value


def read_money(name: str, text: str) -> Decimal:
    """An amount from 0; what may be meant as thousands or as decimals, such as 1.250, is refused."""
    meant = read_written_number(plain_spaces(text)).values
    if len(meant) > 1:
        misuse(f"{name} is {text!r}, which can be read two ways; write {meant[0]} or {beyond_doubt(meant[1])}")
    return read_number(name, text)


def read_cost(text: str) -> Decimal | None:
    """What it cost to win a customer, if anything was said."""
    return read_money("--acquisition-cost", text) if text else None


def read_share(name: str, text: str) -> Decimal:
    """`0.1` or `10%`."""
    value = _decimal(text.removesuffix("%"))
    most = 100 if text.endswith("%") else 1
    if value is None or not 0 <= value <= most:
        misuse(f"{name} is {text!r}; it is a share from 0 to 1 or 100%: for a tenth write 0.1 or 10%")
    return value / most


def read_margins(text: str) -> dict[str, float]:
    """`bread=60%, coffee=-10%, other=40%`: profit as a share of what is paid, by category."""
    found: dict[str, float] = {}
    for each in text.split(","):
        category, given, share = (part.strip() for part in each.rpartition("="))
        value = _decimal(share.removesuffix("%"))
        most = 100 if share.endswith("%") else 1
        if not given or not category or value is None or not -most <= value <= most:
            misuse(f"--margins has {each.strip()!r}; write category=share, such as bread=60%, from -100% to 100%")
        if category in found:
            misuse(f"--margins names {category!r} twice")
        found[category] = float(value / most)
    return found


def _decimal(text: str) -> Decimal | None:
    """Return what is written in plain digits; `Decimal` alone takes 12_000, digits of other scripts and infinity."""
    try:
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None


def read_weeks(text: str) -> float:
    """A horizon, `39w` or `273d`, in weeks."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([wd])", text, re.ASCII)
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
