"""What messages cost, by channel and country: `prices: {sms: {NL: 0.0875 EUR, BE: 0.0910 EUR}}`."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rules.yaml.called import country_called
from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_price
from stamgast.domain.costs import Costs
from stamgast.domain.vocabulary import Channel

Prices = Mapping[str, Mapping[str, int]]
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def read_prices(reader: Reader, node: Node | None, currency: str) -> Prices:
    """Thousandths of a minor unit by channel and country: of a part where the channel is priced by parts."""
    prices: dict[str, dict[str, int]] = {}
    for channel, countries in reader.entries(node, "prices", tuple(Channel)) if node is not None else []:
        found = prices.setdefault(channel.text, {})
        with reader.showing(f"{channel.text}: {{NL: 0.0875 EUR}}"):
            priced = reader.entries(countries, f"prices: {channel.text}")
        for country, value in priced:
            where = f"prices: {channel.text}: {country.text}"
            price = reader.word(value, where, parse_price)
            if not _COUNTRY.fullmatch(country.text):
                code = country_called(country.text)
                hint = f'Write "{code}".' if code else 'Write codes such as "NL" or "BE".'
                reader.problem(country, f'`prices: {channel.text}`: "{country.text}" is not a country code', hint)
            elif price is not None and price.currency != currency:
                reader.problem(value, f"`{where}` is in {price.currency}", f"The programme counts in {currency}.")
            elif price is not None:
                found[country.text] = price.mills
    return prices


def with_prices(costs: Costs, prices: Prices, region: str) -> Costs:
    """Book to customers what their messages cost at home, where `costs: contact` says nothing else."""
    at_home = {channel: countries[region] for channel, countries in prices.items() if region in countries}
    return replace(costs, contact_costs={**at_home, **costs.contact_costs}) if at_home else costs
