"""`cards:` of program.yaml: what fills a stamp card, and what a full one gives."""

from collections.abc import Mapping
from typing import Final

from rules.bounds import MOST_GOODS, hold_to
from rules.program.freshness import read_duration
from rules.program.named import named
from rules.program.purchases import read_most_rewards
from rules.yaml.dates import read_dates
from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import Money, parse_money
from stamgast.domain.program import CardDefinition, Reward
from stamgast.domain.units import DAY, Minor

ON_REFUND: Final = ("below_zero", "next_stamps", "never")
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


def read_cards(
    reader: Reader, node: Node | None, currency: str, rewards: Mapping[str, Reward]
) -> dict[str, CardDefinition]:
    """Every card by its id."""
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
