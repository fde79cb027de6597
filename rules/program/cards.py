"""`cards:` of program.yaml: what fills a stamp card, and what a full one gives."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rules.bounds import MOST_GOODS, hold_to
from rules.program.double_hours import read_double
from rules.program.expires import read_expires
from rules.program.freshness import read_duration
from rules.program.named import named
from rules.program.names import read_names
from rules.program.purchases import read_most_rewards
from rules.yaml.dates import read_dates
from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import Money, parse_money
from stamgast.domain.program import CardDefinition, Reward, Store
from stamgast.domain.units import DAY, Minor

ON_REFUND: Final = ("below_zero", "next_stamps", "never")
CARD_WORDS: Final = (
    "stamps",
    "names",
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
    "levels",
    "welcome",
    "double",
    "expires",
)
MOST_LEVELS: Final = 10
MOST_CARDS: Final = 50


def read_cards(
    reader: Reader,
    node: Node | None,
    currency: str,
    rewards: Mapping[str, Reward],
    stores: Mapping[str, Store],
    *,
    languages: tuple[str, ...],
) -> dict[str, CardDefinition]:
    """Every card by its id."""
    cards: dict[str, CardDefinition] = {}
    for name, key, value in named(reader, node, "cards"):
        found = reader.mapping(value, f"cards: {name}", CARD_WORDS, ("stamps",))
        card = _card(reader, name, found, currency, rewards)
        double = read_double(reader, card, found.get("double"), stores)
        names = read_names(reader, key, found, ("cards", "card", name), languages)
        expires = read_expires(reader, name, found.get("expires"))
        cards[name] = replace(card, double=double, names=names, expires=expires)
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
        levels=_levels(reader, name, found.get("levels"), count("stamps"), rewards),
        welcome=_welcome(reader, name, found.get("welcome"), count("stamps")),
    )


def _welcome(reader: Reader, card: str, node: Node | None, size: int | None) -> int:
    """`2`: fewer than fill it, for nobody is given a reward for joining by a stamp."""
    stamps = reader.integer(node, f"cards: {card}: welcome", 1, 1000) if node is not None else None
    if node is not None and stamps is not None and size is not None and stamps >= size:
        hint = f"Write less than {size}; what is given for joining alone is a rule on `joined`."
        reader.problem(node, f"whoever joins would have the {card} card full at once: its size is {size}", hint)
        return 0
    return stamps or 0


def _levels(
    reader: Reader, card: str, node: Node | None, size: int | None, rewards: Mapping[str, Reward]
) -> tuple[tuple[int, str], ...]:
    """`{5: coffee}`: what the card gives on its way."""
    where, found = f"cards: {card}: levels", dict[int, str]()
    if node is None:
        return ()
    with reader.showing("levels: {5: coffee}"):
        entries = reader.entries(node, where)
    for key, value in entries:
        stamps = reader.integer(key, where, 1, 1000)
        reward = reader.known(value, f"{where}: {key.text}", rewards, "reward")
        if stamps is not None and size is not None and stamps >= size:
            hint = f"Write less than {size}; what the full card gives is its `reward`."
            reader.problem(key, f"the {card} card is full at {size} stamps: it has no level at {stamps}", hint)
        elif stamps is not None and reward is not None:
            found[stamps] = reward
    if len(entries) > MOST_LEVELS:
        reader.problem(node, f"`{where}` names {len(entries)} levels; at most {MOST_LEVELS} are given on the way")
    return tuple(sorted(found.items()))


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
