"""What a shop earns and pays: margins, what customers and contacts cost, and taxes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stamgast.domain.dated import on_day
from stamgast.domain.units import Day, Minor


@dataclass(frozen=True, slots=True)
class Costs:
    """What CLV needs. Margins in thousandths of what is left of gross without tax.

    `acquisition_costs` is per source what winning a customer costs, in minor units, from which day on (ascending); a
    source or a time that is not there costs `acquisition_cost`. `contact_costs` is per channel what a message (or each
    part of it, as its `ChannelSpec` says) costs, in thousandths of a minor unit.
    """

    default_margin: int = 1000
    category_margins: Mapping[str, int] = field(default_factory=dict)
    acquisition_cost: Minor = 0
    acquisition_costs: Mapping[str, tuple[tuple[Day, Minor], ...]] = field(default_factory=dict)
    source_names: Mapping[str, str] = field(default_factory=dict)
    """What stands for a source behind the merchant's veil -> its name in `acquisition_costs`."""
    lifespan_years: int = 3
    contact_costs: Mapping[str, int] = field(default_factory=dict)
    vat: Mapping[str, int] = field(default_factory=dict)
    """Category -> thousandths that come on top of a price without tax; for lines of which the till tells none."""
    default_vat: int = 0
    """For all other lines, and for money that no line accounts for."""

    def acquisition(self, source: str, day: Day) -> Minor:
        """What it cost to win a customer from that source (its name, or what stands for it) on that day."""
        cost = on_day(self.acquisition_costs.get(self.source_names.get(source, source), ()), day)
        return self.acquisition_cost if cost is None else cost
