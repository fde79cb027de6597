"""`recommend:` of program.yaml: what the shop itself says of what is recommended.

`recommend: {pairs: {RYE-800: BUTTER-250}, out_of_stock: [TART-6], names: {BUTTER-250: {nl: boter, fr: du beurre}}}`
"""

from collections.abc import Mapping
from typing import Final

from rules.bounds import MOST_GOODS, hold_length, hold_to
from rules.program.messages import check_plain
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.reader import Reader
from stamgast.domain.recommendations import LONGEST_NAME, ByHand

WORDS: Final = ("pairs", "out_of_stock", "names")
MOST_AFTER: Final = 10
"""Products that are named after one."""


def read_recommend(reader: Reader, node: Node | None, languages: tuple[str, ...]) -> ByHand:
    """Read it; nothing where nothing is said."""
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return ByHand()
    with reader.showing("recommend: {pairs: {RYE-800: BUTTER-250}}"):
        found = reader.mapping(node, "recommend", WORDS)
    out = reader.texts(found["out_of_stock"], "out_of_stock") if "out_of_stock" in found else ()
    if out:
        hold_to(reader, found["out_of_stock"], "products out of stock", len(out), MOST_GOODS)
    pairs = _pairs(reader, found["pairs"]) if "pairs" in found else {}
    names = _names(reader, found["names"], languages) if "names" in found else {}
    return ByHand(frozenset(out), pairs, names)


def _pairs(reader: Reader, node: Node) -> dict[str, tuple[str, ...]]:
    pairs: dict[str, tuple[str, ...]] = {}
    entries = reader.entries(node, "pairs")
    hold_to(reader, node, "products with others to recommend", len(entries), MOST_GOODS)
    for key, value in entries:
        after = reader.texts(value, f"pairs: {key.text}")
        hold_to(reader, value, "products to recommend after one", len(after), MOST_AFTER)
        if key.text in after:
            hint = "Whoever has just bought it is not told of it again."
            reader.problem(value, f"{key.text} is recommended after itself", hint)
        pairs[key.text] = after
    return pairs


def _names(reader: Reader, node: Node, languages: tuple[str, ...]) -> dict[str, Mapping[str, str]]:
    names: dict[str, Mapping[str, str]] = {}
    entries = reader.entries(node, "names")
    hold_to(reader, node, "names of products", len(entries), MOST_GOODS)
    for key, value in entries:
        where = f"names: {key.text}"
        if isinstance(value, ScalarNode):
            hint = f"Write it in each language: {{{languages[0]}: {value.text or 'butter'}}}."
            reader.problem(value, f"`{where}` is said in no language", hint)
            continue
        said: dict[str, str] = {}
        for language, name in reader.entries(value, where, languages):
            text = reader.text(name, f"{where}: {language.text}")
            if text is not None:
                hold_length(reader, name, "a product's name", text, LONGEST_NAME)
                check_plain(reader, name, text)
                said[language.text] = text
        names[key.text] = said
    return names
