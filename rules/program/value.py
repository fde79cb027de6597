"""What program.yaml says about value and silence: `costs`, `lapse`, `clv` and `closed`."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rules.bounds import MOST_WORDS, hold_to
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.reader import Reader
from rules.yaml.words import WordError, parse_date, parse_dates, parse_duration, parse_margin, parse_price
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.costs import Costs
from stamgast.domain.currencies import CURRENCIES, nearest_currency
from stamgast.domain.exchange import SCALE, Rates
from stamgast.domain.program import LapseModel, surely
from stamgast.domain.prospects import Horizon, Prospects, prospects_of
from stamgast.domain.trades import Trade
from stamgast.domain.units import DAY, Day, Minor
from stamgast.domain.vocabulary import Channel

LAPSE_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "median_gap_days": (0.5, 3650),
    "log_sd": (0.01, 5),
    "between_sd": (0.01, 5),
    "risk_quantile": (0.3, 0.999),
    "quantile": (0.5, 0.999),
    "fallback_days": (1, 3650),
    "lapsed_after": (1, 20),
    "alive_below": (0.05, 0.95),
    "risk_alive_below": (0.05, 0.95),
}
PRECISION_BOUNDS: Final = (100, 990)
"""In thousandths."""
LAPSE_BY: Final = ("model", "own_rhythm")
MOST_CLOSED: Final = 4_000
TILL: Final = "till"
REST: Final = "default"
"""What stands for every other category under `vat`."""
VAT_HINT: Final = "Add `vat: 21%`, `vat: {bread: 9%, default: 21%}`, or `vat: till` if the till tells it of all lines."
_ALWAYS: Final[Day] = -1_000_000


def read_lapse(reader: Reader, node: Node | None) -> LapseModel:
    """When somebody who stays away is at risk, lapsing and lapsed."""
    if node is None:
        return LapseModel()
    found = reader.mapping(node, "lapse", (*LAPSE_BOUNDS, "min_gaps", "by", "precision"))
    figures = {key: reader.number(found[key], key, *LAPSE_BOUNDS[key]) for key in LAPSE_BOUNDS if key in found}
    given: dict[str, Any] = {key: value for key, value in figures.items() if value is not None}
    if "min_gaps" in found:
        given["min_gaps"] = reader.integer(found["min_gaps"], "min_gaps", 1, 100) or LapseModel().min_gaps
    if "by" in found:
        given["by"] = reader.one_of(found["by"], "by", LAPSE_BY) or LapseModel().by
    given |= _chances(figures)
    model = LapseModel(**given)
    if "precision" in found and (sure := _precision(reader, found)) is not None:
        model = surely(model, sure)
    if model.risk_quantile >= model.quantile:
        where = found.get("risk_quantile", node)
        message = f"`risk_quantile` is {model.risk_quantile:g} and `quantile` {model.quantile:g}"
        reader.problem(where, message, "Somebody is at risk before they lapse: write a smaller share.")
    if model.risk_alive_below <= model.alive_below:
        where = found.get("risk_alive_below", found.get("alive_below", node))
        message = f"`risk_alive_below` is {model.risk_alive_below:g} and `alive_below` {model.alive_below:g}"
        reader.problem(where, message, "Somebody is at risk before they lapse: write a greater chance.")
    return model


def _precision(reader: Reader, found: Mapping[str, Node]) -> float | None:
    """How sure the shop wants to be, as a share of lapses; None where it cannot be read."""
    share = reader.word(found["precision"], "precision", parse_margin)
    if share is None:
        return None
    if not PRECISION_BOUNDS[0] <= share <= PRECISION_BOUNDS[1]:
        low, high = (each // 10 for each in PRECISION_BOUNDS)
        message = f"`precision` is {share / 10:g}%"
        reader.problem(found["precision"], message, f"Write a share from {low}% to {high}%, such as 60%.")
        return None
    for name in ("alive_below", "risk_alive_below"):
        if name in found:
            message = f"`{name}` says nothing beside `precision`"
            reader.problem(found[name], message, "Remove one of the two.", warning=True)
    return share / 1000


def _chances(figures: Mapping[str, float | None]) -> Mapping[str, float]:
    """The same said the other way round, by chances of still being a customer."""
    pairs = (("precision", figures.get("alive_below")), ("risk_precision", figures.get("risk_alive_below")))
    return {name: 1 - chance for name, chance in pairs if chance is not None}


def read_costs(reader: Reader, node: Node | None, currency: str) -> Costs:
    """Margins, and what it costs to win a customer."""
    if node is None:
        return Costs()
    words = ("margin", "margins", "acquisition", "acquisition_by_source", "lifespan_years", "contact", "vat")
    found = reader.mapping(node, "costs", words)
    margin = reader.word(found["margin"], "margin", parse_margin) if "margin" in found else None
    margins = reader.entries(found["margins"], "margins") if "margins" in found else []
    sources = reader.entries(found["acquisition_by_source"], "acquisition_by_source") if words[3] in found else []
    cost = reader.money(found["acquisition"], "acquisition", currency) if "acquisition" in found else None
    years = reader.integer(found["lifespan_years"], "lifespan_years", 1, 50) if "lifespan_years" in found else None
    by_category = {key.text: reader.word(value, f"margins: {key.text}", parse_margin) for key, value in margins}
    contact = reader.entries(found["contact"], "contact", tuple(Channel)) if "contact" in found else []
    for where, entries in (("margins", margins), ("acquisition_by_source", sources)):
        if entries:
            hold_to(reader, found[where], f"words under `{where}`", len(entries), MOST_WORDS)
    prices = {key.text: reader.word(value, f"contact: {key.text}", parse_price) for key, value in contact}
    if "vat" not in found and ("margin" in found or "margins" in found):
        message = "profit counts the tax in prices, for `costs` does not say what it is"
        reader.problem(node, message, VAT_HINT, warning=True)
    vat, default_vat = _read_vat(reader, found.get("vat"))
    for key, value in contact:
        price = prices[key.text]
        if price is not None and price.currency != currency:
            reader.problem(
                value, f"`contact: {key.text}` is in {price.currency}", f"The programme counts in {currency}."
            )
    return Costs(
        default_margin=Costs().default_margin if margin is None else margin,
        category_margins={key: value for key, value in by_category.items() if value is not None},
        acquisition_cost=cost or 0,
        acquisition_costs={key.text: _dated(reader, key.text, value, currency) for key, value in sources},
        lifespan_years=years or Costs().lifespan_years,
        contact_costs={channel: price.mills for channel, price in prices.items() if price is not None},
        vat=vat,
        default_vat=default_vat,
    )


def _read_vat(reader: Reader, node: Node | None) -> tuple[dict[str, int], int]:
    """`9%`, `{bread: 9%, default: 21%}`, or `till` where the till tells the tax of every line."""
    if node is None or (isinstance(node, ScalarNode) and node.text == TILL):
        return {}, 0
    if not isinstance(node, MapNode):
        return {}, reader.word(node, "vat", parse_margin) or 0
    found = {
        key.text: reader.word(value, f"vat: {key.text}", parse_margin) for key, value in reader.entries(node, "vat")
    }
    rates = {key: rate for key, rate in found.items() if rate is not None}
    return {key: rate for key, rate in rates.items() if key != REST}, rates.get(REST, 0)


def _dated(reader: Reader, source: str, node: Node, currency: str) -> tuple[tuple[Day, Minor], ...]:
    """What a source costs, for ever (`4 EUR`) or from which day on (`{2026-01-01: 4 EUR, 2026-06-01: 5 EUR}`)."""
    where = f"acquisition: {source}"
    if not isinstance(node, MapNode):
        always = reader.money(node, where, currency)
        return () if always is None else ((_ALWAYS, always),)
    costs: dict[Day, Minor] = {}
    for key, value in reader.entries(node, where):
        day, cost = reader.word(key, where, parse_date), reader.money(value, f"{where}: {key.text}", currency)
        if day is not None and cost is not None:
            costs[day] = cost
    return tuple(sorted(costs.items()))


def read_horizon(reader: Reader, node: Node | None) -> Horizon:
    """How far ahead lifetime value and churn look."""
    if node is None:
        return Horizon()
    found = reader.mapping(node, "clv", ("months", "discount", "churn_within", "season"))
    usual = Horizon()
    months = reader.integer(found["months"], "months", 1, 120) if "months" in found else None
    rate = reader.word(found["discount"], "discount", parse_margin) if "discount" in found else None
    trade = reader.one_of(found["season"], "season", Trade, thing="trade") if "season" in found else None
    within = reader.word(found["churn_within"], "churn_within", parse_duration) if "churn_within" in found else None
    if within is not None and within < DAY:
        reader.problem(found["churn_within"], "`churn_within` is less than a day")
    return Horizon(
        months=months or usual.months,
        yearly_rate=usual.yearly_rate if rate is None else rate / 1000,
        churn_days=usual.churn_days if within is None else max(1, within // DAY),
        trade=trade,
    )


def read_closed(reader: Reader, node: Node | None) -> ClosedDays:
    """Days and weeks in which the shop is closed: `2026-12-25`, or `2026-07-20 to 2026-08-02`."""
    days: set[Day] = set()
    for item in reader.items(node, "closed") if node is not None else []:
        days.update(reader.word(item, "closed", _days) or ())
        if len(days) > MOST_CLOSED:
            break
    if node is not None and len(days) > MOST_CLOSED:
        reader.problem(node, f"`closed` names more days than count: {MOST_CLOSED:,}")
        return ClosedDays()
    return ClosedDays(tuple(sorted(days)))


def read_rates(reader: Reader, node: Node | None, currency: str) -> Rates:
    """What a unit of other currencies is worth: `USD: 0.92`, or from which day on (`{2026-01-01: 0.92, …: 0.95}`)."""
    rates: dict[str, tuple[tuple[Day, int], ...]] = {}
    for name, value in reader.entries(node, "exchange") if node is not None else []:
        if name.text not in CURRENCIES or name.text == currency:
            near = nearest_currency(name.text)
            hint = f'Did you mean "{near}"?' if near and near != currency else 'Write a code such as "USD".'
            reader.problem(name, f'`exchange`: "{name.text}" is not another currency', hint)
            continue
        dated = reader.entries(value, f"exchange: {name.text}") if isinstance(value, MapNode) else [(None, value)]
        found: dict[Day, int] = {}
        for since, amount in dated:
            day = _ALWAYS if since is None else reader.word(since, "exchange", parse_date)
            rate = reader.number(amount, f"exchange: {name.text}", 1e-6, 1e6)
            if day is not None and rate is not None:
                found[day] = round(rate * SCALE)
        rates[name.text] = tuple(sorted(found.items()))
    return rates


def read_parameters(clv: Mapping[str, Any], costs: Costs, closed: ClosedDays, horizon: Horizon) -> Prospects | None:
    """The purchase model that a bundle carries.

    Raises:
        ValueError: it cannot be scored with; the text says why.
    """
    if not clv:
        return None
    parameters = msgspec.convert(dict(clv), ParameterSet)
    net = 1000 / (1000 + costs.default_vat)
    return prospects_of(parameters, costs.default_margin / 1000 * net, closed, horizon)


def _days(text: str) -> range:
    days = parse_dates(text)
    if len(days) > MOST_CLOSED:
        raise WordError(f'"{text}" is longer than the {MOST_CLOSED:,} days that count')
    return days
