"""`double:` of a card: hours in which a purchase gives more stamps, and goods that do."""

from collections.abc import Iterable, Mapping
from typing import Final

from rules.yaml.nodes import ListNode, Node
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.words import WEEKDAYS, parse_any_hours
from stamgast.domain.double_hours import DoubleHours
from stamgast.domain.program import CardDefinition, Store

_WORDS: Final = ("weekday", "hour", "store", "category", "product", "times")
MOST: Final = 10
_GOODS: Final = ("product", "category")


def read_double(
    reader: Reader, card: CardDefinition, node: Node | None, stores: Mapping[str, Store]
) -> tuple[DoubleHours, ...]:
    """One of them, or a list."""
    if node is None:
        return ()
    where = f"cards: {card.id}: double"
    parts = list(node.items) if isinstance(node, ListNode) else [node]
    if len(parts) > MOST:
        reader.problem(node, f"`{where}` has {len(parts)} parts; at most {MOST} are looked at for each purchase")
    return tuple(_one(reader, where, each, stores, card) for each in parts)


def _one(reader: Reader, where: str, node: Node, stores: Mapping[str, Store], card: CardDefinition) -> DoubleHours:
    with reader.showing('double: {weekday: tuesday, hour: "14:00-17:00"}'):
        found = reader.mapping(node, where, _WORDS)
    if found.keys() == {"times"}:
        hint = "Say when or of what: `weekday`, `hour`, `store`, `category` or `product`. "
        hint += "What always gives more needs fewer stamps on its card."
        reader.problem(node, f"`{where}` holds always", hint)

    def some(word: str, allowed: Iterable[str]) -> frozenset[str]:
        given = reader.some_of(found[word], f"{where}: {word}", allowed, thing=word) if word in found else ()
        return frozenset(given)

    hours = reader.word(found["hour"], f"{where}: hour", parse_any_hours) if "hour" in found else None
    times = reader.integer(found["times"], f"{where}: times", 2, 10) if "times" in found else 2
    begins, ends = hours or (0, 0)
    goods: dict[str, frozenset[str]] = {
        word: frozenset(reader.texts(found[word], f"{where}: {word}")) for word in _GOODS if word in found
    }
    _check_goods(reader, where, found, goods, card)
    products, categories = (goods.get(word, frozenset()) for word in ("product", "category"))
    return DoubleHours(times or 2, some("weekday", WEEKDAYS), begins, ends, some("store", stores), products, categories)


def _check_goods(
    reader: Reader, where: str, found: Mapping[str, Node], goods: Mapping[str, frozenset[str]], card: CardDefinition
) -> None:
    """What gives no stamp cannot give two, as far as the card says by the same word what does."""
    if card.products and card.categories:
        return
    for word, taken in (("category", card.categories), ("product", card.products)):
        never = sorted(goods.get(word, frozenset()) - taken)
        if taken and never:
            hint = suggest(never[0], taken) or f"It takes {', '.join(sorted(taken)[:5])}."
            reader.problem(found[word], f"`{where}: {word}`: the {card.id} card takes no {never[0]}", hint)
