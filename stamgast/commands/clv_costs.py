"""What the commands of `stamgast clv` are told of the cost of winning customers, by their sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rules.yaml.problems import nearest
from stamgast.commands.answering import fail, say

if TYPE_CHECKING:
    from stamgast.clv.data.acquisition_costs import AcquisitionCosts
    from stamgast.clv.data.purchase_file import Purchases

Costs = Annotated[Path | None, typer.Option(help="CSV of what it cost by source: source, from, cost.")]


def costs_in(file: Path | None, usual: float | None) -> AcquisitionCosts:
    """Read them; exit with 1 if the file cannot be used. `usual` is for everybody of whom it says nothing."""
    from stamgast.clv.data.acquisition_costs import AcquisitionCosts, CostFileError, read_costs

    if file is None:
        return AcquisitionCosts(usual)
    try:
        return read_costs(file, usual)
    except CostFileError as error:
        for problem in error.problems:
            say(problem)
        fail(f"{file} cannot be used")


def tell_of_strangers(file: Path | None, costs: AcquisitionCosts, data: Path, purchases: Purchases) -> None:
    """Say which sources that have a cost nobody came from, and which may have been meant."""
    sources = {buyer.source for buyer in purchases.buyers.values()}
    strangers = [source for source in costs.by_source if source not in sources]
    if strangers and not any(sources):
        say(f"warning: {data} names no acquisition_source, so the costs by source in {file} apply to nobody")
        return
    for source in strangers:
        near = nearest(source, filter(None, sources))
        say(f"warning: {file}: nobody came from {source!r}" + (f"; is that {near!r}?" if near else ""))
