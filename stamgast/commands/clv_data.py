"""How the commands of `stamgast clv` read a CSV of purchases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stamgast.commands.answering import fail, say

if TYPE_CHECKING:
    from stamgast.clv.data.purchase_file import Purchases
    from stamgast.clv.data.state_sample import Live
    from stamgast.domain.units import Day

DATA: Final = typer.Option(help="CSV: customer, date, amount [, profit, currency, segment, acquisition_source].")
Data = Annotated[Path, DATA]


def read_data(data: Path, as_of: Day | None) -> Purchases:
    """Read what was bought up to a day (None: the newest) and say how much it is; exit with 1 if it cannot be used."""
    from stamgast.clv.data.purchase_file import PurchaseFileError, read_purchases
    from stamgast.clv.scoring import date_of

    try:
        purchases = read_purchases(data, as_of)
    except PurchaseFileError as error:
        for problem in error.problems:
            say(problem)
        fail(f"{data} cannot be used")
    for note in purchases.notes:
        say(f"warning: {note}")
    days = sum(len(buyer.days()) for buyer in purchases.buyers.values())
    if not days:
        fail(f"{data} has no purchase up to {date_of(purchases.as_of)}, only refunds or what they took back")
    say(f"read {len(purchases.buyers):,} customers with {days:,} purchase days up to {date_of(purchases.as_of)}")
    return purchases


def read_live(data: Path, as_of: Day | None) -> Live:
    """Read the same as a sample with the purchase days that it was made of."""
    return live_of(read_data(data, as_of))


def live_of(purchases: Purchases) -> Live:
    """Summarise every customer, and keep the purchase days."""
    from stamgast.clv.data.sample import sample_of
    from stamgast.clv.data.state_sample import Live

    return Live(sample_of(purchases), [buyer.days() for buyer in purchases.buyers.values()], purchases.currency)
