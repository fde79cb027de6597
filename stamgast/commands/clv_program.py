"""What the commands of `stamgast clv` take from a merchant's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from rules.yaml.problems import nearest
from stamgast.commands.answering import fail, misuse, read_settings, say

if TYPE_CHECKING:
    from pathlib import Path

    from stamgast.domain.closed_days import ClosedDays
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.program import Program
    from stamgast.domain.season import Season

Trade = Annotated[
    str, typer.Option("--season", help="Season of a trade, until the shop's own is known: clothing, groceries, …")
]
_OPEN_DAYS: Final = (
    "it was fitted with the shop's closed days left out, and a CSV does not tell which days those are; "
    "say whose they are with --merchant M"
)


def program_of(merchant: str) -> Program:
    """Read a merchant's programme from the folder of settings; exit with 1 if it cannot be used."""
    from rules.loader import load_merchant
    from stamgast.programs.folders import MERCHANTS, merchant_folders

    config_dir = read_settings().config_dir
    known = {folder.name: folder for folder in merchant_folders(config_dir)}
    if merchant not in known:
        near = nearest(merchant, known)
        hint = f"; is it {near!r}?" if near else f"; there are: {', '.join(known) or 'none'}"
        fail(f"there is no merchant {merchant!r} in {config_dir / MERCHANTS}{hint}")
    loaded = load_merchant(known[merchant])
    if not loaded.ok:
        for problem in loaded.problems:
            say(problem.render())
        fail(f"{known[merchant]} cannot be used; `stamgast rules check` says the same")
    return loaded.program


def closed_of(merchant: str, file: Path | None, known: ParameterSet | None) -> ClosedDays:
    """Return the days to leave out: the merchant's, unless the parameters that were given are in calendar days."""
    from stamgast.domain.closed_days import ClosedDays

    if not merchant:
        if known is not None and known.open_days:
            misuse(f"{file} says open_days: {_OPEN_DAYS}")
        return ClosedDays()
    closed = program_of(merchant).closed
    if known is not None and not known.open_days and closed.days:
        say(f"note: {file} was fitted in calendar days, so no closed days are left out")
        return ClosedDays()
    if closed.days:
        say(f"leaving out {merchant}'s {len(closed.days)} closed days")
    return closed


def trade_of(merchant: str, named: str = "") -> Season | None:
    """Return the season of the trade that was named, else that of the merchant's program.yaml; None without both.

    Exits with 2 where nothing is known of the trade that was named.
    """
    from stamgast.domain.trades import Trade as Known
    from stamgast.domain.trades import season_of_trade

    if not named:
        return program_of(merchant).horizon.season if merchant else None
    words = [str(each) for each in Known]
    if named not in words:
        near = nearest(named, words)
        hint = f". Did you mean {near!r}?" if near else ""
        misuse(f"--season is {named!r}; it is one of {', '.join(words)}{hint}")
    return season_of_trade(Known(named))
