"""`expires:` of a card: how long stamps lie on it, and how long before they run out somebody is warned."""

from collections.abc import Iterable, Sequence

from rules.engine import CompiledRule
from rules.yaml.nodes import MapNode, Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_days, parse_span
from stamgast.domain.card_expiry import Expires
from stamgast.domain.vocabulary import FactName

AFTER, WARNED = "after", "warned"
_EXAMPLE = "expires: {after: 12 months, warned: 30 days}"


def read_expires(reader: Reader, card: str, node: Node | None) -> Expires | None:
    """Both words are needed: nothing runs out of which nobody was warned."""
    if node is None:
        return None
    where = f"cards: {card}: expires"
    with reader.showing(_EXAMPLE):
        found = reader.mapping(node, where, (AFTER, WARNED), (AFTER, WARNED))
    after = reader.word(found[AFTER], f"{where}: {AFTER}", parse_span) if AFTER in found else None
    warned = reader.word(found[WARNED], f"{where}: {WARNED}", parse_days) if WARNED in found else None
    if warned == 0:
        hint = "Stamps run out only after a warning that arrived: such as `warned: 30 days`."
        reader.problem(found[WARNED], f"`{where}: {WARNED}` must be longer than zero", hint)
        return None
    if after is None or warned is None:
        return None
    if after.leaves(0) <= warned:
        hint = f"Write less than {after.text}: who has just bought is not to be warned."
        reader.problem(found[WARNED], f"`{where}: {WARNED}` is no shorter than `{AFTER}`", hint)
        return None
    return Expires(after, warned)


def check_warned(reader: Reader, node: Node, cards: Iterable[str], rules: Sequence[CompiledRule]) -> None:
    """Say of which of these cards, whose stamps run out, nobody is ever warned, so that they never do."""
    warned = {rule.trigger.card for rule in rules if FactName.STAMPS_EXPIRING in rule.fact_names and rule.sends}
    for card in cards:
        if card not in warned:
            message = f"no stamps of the {card} card ever run out: no rule sends a warning"
            hint = f"Write a rule with `when: {{stamps_expiring: {card}}}` and a `send`."
            reader.problem(_under(node, "cards", card, "expires"), message, hint, warning=True)


def _under(node: Node, *words: str) -> Node:
    for word in words:
        node = (node.get(word) if isinstance(node, MapNode) else None) or node
    return node
