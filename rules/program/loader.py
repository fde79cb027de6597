"""`program.yaml` -> `stamgast.domain.program.Program`: the shop, its stores, cards, rewards and what it counts with.

A value that is wrong is noted and replaced by a harmless one, so that all problems of the file show at once; a
programme with problems is never put into force.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from rules.bounds import (
    LONGEST_NAME,
    MOST_GOODS,
    MOST_REWARDS,
    MOST_STORES,
    hold_length,
    hold_to,
)
from rules.program.alerts import read_messages
from rules.program.budgets import read_budget, read_campaigns
from rules.program.draws import read_draws
from rules.program.freshness import read_duration, read_feed, read_freshness
from rules.program.joining import Known, read_join
from rules.program.meant import a_reward, read_languages, spoken_in, take_for_meant
from rules.program.measure import read_measure
from rules.program.messages import Texts, check_plain
from rules.program.own_events import read_own_events
from rules.program.phones import read_neighbours, read_nobodys_phones, read_region
from rules.program.prices import read_prices, with_prices
from rules.program.purchases import read_most_rewards, read_purchases
from rules.program.recommend import read_recommend
from rules.program.referral import read_referral
from rules.program.tiers import read_tiers, read_watch
from rules.program.trip_wires import read_trip_wires
from rules.program.value import read_closed, read_costs, read_horizon, read_lapse, read_parameters, read_rates
from rules.yaml.dates import read_dates
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.problems import nearest, suggest
from rules.yaml.reader import Reader
from rules.yaml.words import Money, parse_money
from stamgast.domain.currencies import CURRENCIES, nearest_currency
from stamgast.domain.program import MERCHANT, CardDefinition, Program, Reward, Store
from stamgast.domain.prospects import Prospects
from stamgast.domain.region import Region
from stamgast.domain.units import DAY, Minor

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
ON_REFUND: Final = ("below_zero", "next_stamps", "never")
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
    *("watch", "tiers", "segments", "events", "measure", "audiences", "staff", "alerts", "campaigns", "budget"),
)
CARD_WORDS: Final = (
    "stamps",
    "per",
    "minimum_spend",
    "products",
    "categories",
    "max_per_day",
    "max_per_purchase",
    "on_refund",
    "reward",
    "valid_for",
    "most_rewards",
    "starts",
    "ends",
    "count_history",
)
MOST_CARDS: Final = 50


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
    rewards = _rewards(reader, found.get("rewards"), languages, currency)
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
        cards=_cards(reader, found.get("cards"), currency, rewards),
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


_EXAMPLES: Final = {
    "stores": "stores: {main-street: {}}",
    "cards": "cards: {bread: {stamps: 7}}",
    "rewards": "rewards: {free_loaf: {names: {nl: Een brood}}}",
    "segments": "segments: {regulars: {visits: {at_least: 3}}}",
    "draws": "draws: {december: {opens: 2026-12-01, closes: 2026-12-24, drawn: 2026-12-27 12:00, prizes: {loaf: 10}}}",
    "events": "events: {workshop: {fields: {topic: [bread, cake]}}}",
}
"""How sections are written that are a list for whoever writes one first."""


def named(reader: Reader, node: Node | None, section: str) -> list[tuple[str, ScalarNode, Node]]:
    """The named things of a section; ids that could not stand in a key are noted."""
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return []
    found = []
    with reader.showing(_EXAMPLES.get(section, "")):
        entries = reader.entries(node, section)
    for key, value in entries:
        if ID.fullmatch(key.text):
            found.append((key.text, key, value))
        else:
            hint = "Use letters, digits, dashes and underscores."
            reader.problem(key, f'"{key.text}" cannot be an id in `{section}`', hint)
    return found


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


def _rewards(reader: Reader, node: Node | None, languages: tuple[str, ...], currency: str) -> dict[str, Reward]:
    rewards: dict[str, Reward] = {}
    entries = named(reader, node, "rewards")
    if node is not None:
        hold_to(reader, node, "rewards", len(entries), MOST_REWARDS)
    for name, key, value in entries:
        with reader.showing(a_reward(name, value, languages)):
            found = reader.mapping(value, f"rewards: {name}", ("names", "valid_for", "cost", "value"), ("names",))
        names: dict[str, str] = {}
        for language, text in reader.entries(found["names"], f"rewards: {name}: names") if "names" in found else []:
            read = reader.text(text, f"names: {language.text}")
            if language.text not in languages:
                hint = suggest(language.text, languages)
                reader.problem(language, f'"{language.text}" is not a language of this programme', hint)
            elif read is not None:
                hold_length(reader, text, "the name of a reward", read, LONGEST_NAME)
                check_plain(reader, text, read)
                names[language.text] = read
        missing = [each for each in languages if each not in names]
        if "names" in found and isinstance(found["names"], MapNode) and missing:
            hint = f"Add `{missing[0]}: …` under `names`."
            reader.problem(key, f"the reward {name} has no name in {', '.join(missing)}", hint)
        rewards[name] = Reward(
            name,
            names,
            read_duration(reader, found, "valid_for", 30 * DAY),
            cost=_worth(reader, found, name, "cost", currency),
            value=_worth(reader, found, name, "value", currency),
        )
    return rewards


def _worth(reader: Reader, found: Mapping[str, Node], reward: str, key: str, currency: str) -> Minor | None:
    amount = reader.money(found[key], f"rewards: {reward}: {key}", currency) if key in found else None
    if amount is not None and amount < 0:
        reader.problem(found[key], f"`rewards: {reward}: {key}` is below zero", "A gift costs something, or nothing.")
        return None
    return amount


def _cards(
    reader: Reader, node: Node | None, currency: str, rewards: Mapping[str, Reward]
) -> dict[str, CardDefinition]:
    cards: dict[str, CardDefinition] = {}
    for name, _, value in named(reader, node, "cards"):
        found = reader.mapping(value, f"cards: {name}", CARD_WORDS, ("stamps",))
        cards[name] = _card(reader, name, found, currency, rewards)
    if node is not None and len(cards) > MOST_CARDS:
        reader.problem(node, f"`cards` names {len(cards)} cards; at most {MOST_CARDS} are counted at each purchase")
    return cards


def _card(
    reader: Reader, name: str, found: Mapping[str, Node], currency: str, rewards: Mapping[str, Reward]
) -> CardDefinition:
    def count(key: str) -> int | None:
        return reader.integer(found[key], key, 1, 1000) if key in found else None

    def texts(key: str) -> frozenset[str]:
        given = frozenset(reader.texts(found[key], key)) if key in found else frozenset()
        if given:
            hold_to(reader, found[key], f"{key} of a card", len(given), MOST_GOODS)
        return given

    per, amount = _per(reader, found.get("per"), currency)
    reward = reader.known(found["reward"], "reward", rewards, "reward") if "reward" in found else None
    on_refund = reader.one_of(found["on_refund"], "on_refund", ON_REFUND) if "on_refund" in found else None
    valid_for = rewards[reward].valid_for if reward in rewards and reward is not None else 30 * DAY
    starts, ends = read_dates(reader, found)
    history = reader.truth(found["count_history"], "count_history") if "count_history" in found else False
    if history and starts is None:
        reader.problem(found["count_history"], "`count_history` counts what was before `starts`", "Add `starts`.")
    minimum = reader.money(found["minimum_spend"], "minimum_spend", currency) if "minimum_spend" in found else None
    return CardDefinition(
        id=name,
        stamps_required=count("stamps") or 1,
        per=per,  # type: ignore[arg-type]  # one of the three by `_per`
        amount=amount,
        minimum_spend=minimum or 0,
        products=texts("products"),
        categories=texts("categories"),
        max_per_day=count("max_per_day"),
        max_per_purchase=count("max_per_purchase"),
        on_refund=on_refund or "below_zero",  # type: ignore[arg-type]  # one of ON_REFUND
        reward=reward,
        reward_valid_for=read_duration(reader, found, "valid_for", valid_for),
        most_rewards=read_most_rewards(reader, found),
        starts=starts,
        ends=ends,
        count_history=bool(history),
    )


def _per(reader: Reader, node: Node | None, currency: str) -> tuple[str, Minor]:
    """`purchase`, `item`, or an amount of money: one stamp for each."""
    text = reader.text(node, "per") if node is not None else "purchase"
    if node is None or text is None or text in {"purchase", "item"}:
        return text or "purchase", 0
    if not any(each.isdigit() for each in text):
        hint = f"Write purchase, item or 10 {currency}."
        reader.problem(node, f'`per`: "{text}" is not something to give a stamp for', hint)
        return "purchase", 0
    money: Money | None = reader.word(node, "per", lambda amount: parse_money(amount, currency))
    if money is None:
        return "purchase", 0
    if money.currency != currency or money.minor <= 0:
        reader.problem(node, f"`per`: write an amount above zero in {currency}", f"Such as `per: 10 {currency}`.")
        return "purchase", 0
    return "amount", money.minor


def _prospects(reader: Reader, node: Node, read: Callable[[], Prospects | None]) -> Prospects | None:
    try:
        return read()
    except ValueError as error:
        reader.problem(node, f"the CLV parameters cannot be used: {error}", "Fit them again: `stamgast clv fit`.")
        return None
