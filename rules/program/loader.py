"""`program.yaml` -> `stamgast.domain.program.Program`: the shop, its stores, cards, rewards and what it counts with.

A value that is wrong is noted and replaced by a harmless one, so that all problems of the file show at once; a
programme with problems is never put into force.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from rules.bounds import (
    LONGEST_NAME,
    MOST_STORES,
    hold_length,
    hold_to,
)
from rules.program.alerts import read_messages
from rules.program.budgets import read_budget, read_campaigns
from rules.program.cards import read_cards
from rules.program.draws import read_draws
from rules.program.freshness import read_feed, read_freshness
from rules.program.joining import Known, read_join
from rules.program.look import read_look
from rules.program.meant import read_languages, spoken_in, take_for_meant
from rules.program.measure import read_measure
from rules.program.messages import Texts, check_plain
from rules.program.named import named
from rules.program.own_events import read_own_events
from rules.program.phones import read_neighbours, read_nobodys_phones, read_region
from rules.program.prices import read_prices, with_prices
from rules.program.purchases import read_purchases
from rules.program.recommend import read_recommend
from rules.program.referral import read_referral
from rules.program.rewards import read_rewards
from rules.program.tiers import read_tiers, read_watch
from rules.program.trip_wires import read_trip_wires
from rules.program.value import read_closed, read_costs, read_horizon, read_lapse, read_parameters, read_rates
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.problems import nearest
from rules.yaml.reader import Reader
from stamgast.domain.currencies import CURRENCIES, nearest_currency
from stamgast.domain.program import MERCHANT, Program, Store
from stamgast.domain.prospects import Prospects
from stamgast.domain.region import Region

SECTIONS: Final = (
    "merchant",
    "name",
    "currency",
    "region",
    "neighbours",
    "nobodys_phones",
    "time_zone",
    "languages",
    "stores",
    "cards",
    "rewards",
    "templates",
    "lapse",
    "messaging",
    "costs",
    "prices",
    "clv",
    "closed",
    "exchange",
    "feed",
    "launch",
    "freshness",
    "purchases",
    "questions",
    "draws",
    "topics",
    "join",
    "recommend",
    "referral",
    "look",
    *("watch", "tiers", "segments", "events", "measure", "audiences", "staff", "alerts", "campaigns", "budget"),
)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def empty_program(merchant: str) -> Program:
    """What stands in for a programme that could not be read."""
    return Program(merchant, merchant, "EUR", "UTC", "NL", ("en",), {})


def read_program(reader: Reader, node: Node, merchant: str, texts: Texts, clv: Mapping[str, Any]) -> Program:
    """The whole programme. `merchant` is the folder's name, `texts` is what stands beside it.

    `clv` is the parameter set that goes with the files; empty before the first fit.
    """
    found = reader.mapping(node, "program.yaml", SECTIONS, ("name", "currency", "time_zone", "languages", "stores"))
    take_for_meant(node, found, SECTIONS)
    currency = _currency(reader, found.get("currency"))
    region = read_region(reader, found, "NL")
    neighbours = read_neighbours(reader, found.get("neighbours"))
    time_zone = read_time_zone(reader, found.get("time_zone")) or "UTC"
    languages = read_languages(reader, found.get("languages")) or spoken_in(found, texts.sms)
    rewards = read_rewards(reader, found.get("rewards"), languages, currency)
    prices, closed = read_prices(reader, found.get("prices"), currency), read_closed(reader, found.get("closed"))
    costs = with_prices(read_costs(reader, found.get("costs"), currency), prices, region)
    horizon = read_horizon(reader, found.get("clv"))
    fresh_for, timers_fresh_for = read_freshness(reader, found.get("freshness"))
    stale_after, store_feeds = read_feed(reader, found.get("feed"))
    stores = _stores(reader, found.get("stores"), time_zone, Region(region, neighbours))
    messages = read_messages(reader, found, languages, texts, named(reader, found.get("staff"), "staff"))
    known = Known(frozenset(stores), languages, messages.templates, messages.topics)
    codes = read_join(reader, found.get("join"), known)
    return Program(
        merchant=_merchant(reader, found.get("merchant"), merchant),
        name=_name(reader, found.get("name")) or merchant,
        currency=currency,
        time_zone=time_zone,
        region=region,
        languages=languages,
        neighbours=neighbours,
        nobodys_phones=read_nobodys_phones(reader, found.get("nobodys_phones")),
        stores=stores,
        cards=read_cards(reader, found.get("cards"), currency, rewards, stores, languages=languages),
        rewards=rewards,
        lapse=read_lapse(reader, found.get("lapse")),
        costs=costs,
        prices=prices,
        horizon=horizon,
        closed=closed,
        rates=read_rates(reader, found.get("exchange"), currency),
        feed_stale_after=stale_after,
        store_feeds=store_feeds,
        trip_wires=read_trip_wires(reader, found.get("launch"), currency),
        prospects=_prospects(reader, node, lambda: read_parameters(clv, costs, closed, horizon)),
        fresh_for=fresh_for,
        timers_fresh_for=timers_fresh_for,
        watch=read_watch(reader, found.get("watch")),
        tiers=read_tiers(reader, found.get("tiers"), currency),
        campaigns=read_campaigns(reader, found.get("campaigns"), currency),
        budget=read_budget(reader, found.get("budget"), currency),
        draws=read_draws(reader, named(reader, found.get("draws"), "draws"), rewards, time_zone),
        measure_window=read_measure(reader, found.get("measure")),
        referral=read_referral(reader, found.get("referral"), currency, rewards, codes),
        recommend=read_recommend(reader, found.get("recommend"), languages),
        events=read_own_events(reader, named(reader, found.get("events"), "events")),
        join=codes,
        look=read_look(reader, found.get("look"), texts.drawings),
        **messages._asdict(),
        **read_purchases(reader, found.get("purchases"), time_zone, currency)._asdict(),
    )


def _name(reader: Reader, node: Node | None) -> str | None:
    name = reader.text(node, "name") if node is not None else None
    if name is not None and node is not None:
        hold_length(reader, node, "`name`", name, LONGEST_NAME)
        check_plain(reader, node, name)
    return name


def _currency(reader: Reader, node: Node | None) -> str:
    if node is None:
        return "EUR"
    text = reader.text(node, "currency")
    if text is None or text in CURRENCIES:
        return text or "EUR"
    message = f'`currency`: "{text}" is not a currency code such as EUR'
    reader.problem(node, message, f'Write it as "{nearest_currency(text) or "EUR"}".')
    return "EUR"


def _merchant(reader: Reader, node: Node | None, folder: str) -> str:
    if node is None:
        return folder
    name = reader.text(node, "merchant")
    if name is not None and folder and name != folder:
        reader.problem(node, f'this is the folder of "{folder}", not of "{name}"', "Folder and `merchant` go together.")
    if name is not None and not MERCHANT.fullmatch(name):
        hint = "Use small letters, digits, dashes and underscores; at most 63."
        reader.problem(node, f'`merchant`: "{name}" is not an id', hint)
    return name or folder


def read_time_zone(reader: Reader, node: Node | None) -> str | None:
    """The name of a time zone, such as Europe/Amsterdam."""
    name = reader.text(node, "time_zone") if node is not None else None
    if name is None or name in _time_zones():
        return name
    assert node is not None  # noqa: S101 - there is no name without it
    near = nearest(name, [zone for zone in _time_zones() if "/" in zone and not zone.startswith("Etc/")])
    hint = f'Did you mean "{near}"?' if near else 'Such as "Europe/Amsterdam".'
    reader.problem(node, f'unknown time zone "{name}"', hint)
    return None


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None


def _stores(reader: Reader, node: Node | None, time_zone: str, home: Region) -> dict[str, Store]:
    stores: dict[str, Store] = {}
    entries = named(reader, node, "stores")
    if node is not None:
        hold_to(reader, node, "stores", len(entries), MOST_STORES)
    for name, _, value in entries:
        where = f"stores: {name}"
        words = ("time_zone", "day_start", "region", "neighbours")
        found = {} if _is_nothing(value) else reader.mapping(value, where, words)
        day_start = reader.integer(found["day_start"], "day_start", 0, 23) if "day_start" in found else 0
        region = read_region(reader, found, home.country)
        neighbours = read_neighbours(reader, found.get("neighbours"))
        if neighbours is None and region == home.country:
            neighbours = home.neighbours
        stores[name] = Store(
            id=name,
            time_zone=read_time_zone(reader, found.get("time_zone")) or time_zone,
            day_start=day_start or 0,
            region=region,
            neighbours=neighbours,
        )
    if node is not None and not stores:
        reader.problem(node, "`stores` names no store", "A programme needs at least one.")
    return stores


def _prospects(reader: Reader, node: Node, read: Callable[[], Prospects | None]) -> Prospects | None:
    try:
        return read()
    except ValueError as error:
        reader.problem(node, f"the CLV parameters cannot be used: {error}", "Fit them again: `stamgast clv fit`.")
        return None
