"""How the commands of `stamgast clv` read a CSV of purchases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stamgast.commands.answering import fail, say
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.clv.data.purchase_file import Purchases
    from stamgast.clv.data.state_sample import Live
    from stamgast.domain.units import Day

DATA: Final = typer.Option(
    help="CSV: customer, date, amount [, profit, currency, segment, acquisition_source, category, score]."
)
Data = Annotated[Path, DATA]


_AWAY: Final = "everybody seems to have stayed away since"


def ends_early(purchases: Purchases, until: Day, so: str) -> str:
    """Say what follows where the newest purchase is of an earlier day than was asked for; nothing where it is not."""
    from stamgast.clv.scoring import date_of

    newest = purchases.newest
    if newest is None or newest >= until:
        return ""
    return f"the newest purchase up to {date_of(until)} is of {date_of(newest)}; if the data end there, {so}"


def read_data(
    data: Path, as_of: Day | None, *, so: str = _AWAY, margins: Mapping[str, float] | None = None
) -> Purchases:
    """Read what was bought up to a day (None: the newest) and say how much it is; exit with 1 if it cannot be used.

    Warns where the data end before that day, of what follows from it (`so`). `margins` by category make profit.
    """
    from stamgast.clv.data.buyers import Columns
    from stamgast.clv.data.purchase_file import PurchaseFileError, read_purchases
    from stamgast.clv.scoring import date_of

    try:
        purchases = read_purchases(data, as_of, margins)
    except PurchaseFileError as error:
        for problem in error.problems:
            say(problem)
        fail(f"{data} cannot be used")
    for note in purchases.notes:
        say(f"warning: {note}")
    if as_of is not None and so and (early := ends_early(purchases, as_of, so)):
        say(f"warning: {early}")
    days = int(Columns.of(purchases.buyers).visits.sum())
    if not days:
        fail(f"{data} has no purchase up to {date_of(purchases.as_of)}, only refunds or what they took back")
    who, bought = so_many(len(purchases.buyers), "customer"), so_many(days, "purchase day")
    say(f"read {who} with {bought} up to {date_of(purchases.as_of)}")
    return purchases


def read_live(data: Path, as_of: Day | None) -> Live:
    """Read the same as a sample with the purchase days that it was made of."""
    from stamgast.clv.data.state_sample import live_of

    return live_of(read_data(data, as_of))
