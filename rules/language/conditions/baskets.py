"""Conditions on the purchase at hand: its store, what is in its basket."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import Show, bounded, of_view, read_bounds
from rules.language.conditions.moments import listed
from rules.language.registry import Context, Schema
from rules.language.schema_parts import MONEY, TEXT, bounds, one_or_more
from rules.probes import Among, Look, Touching
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.reader import Reader
from stamgast.domain.currencies import format_money
from stamgast.domain.exchange import converted
from stamgast.domain.program import Program
from stamgast.domain.spelling import meant_by

_PRODUCT: Final = "product"
_CATEGORY: Final = "category"


def _store_of(view: View) -> str:
    purchase = view.fact.purchase
    return "no purchase at hand" if purchase is None else purchase.store


def _store_at_hand(view: View) -> str | None:
    purchase = view.fact.purchase
    return None if purchase is None else purchase.store


def _in_basket(view: View) -> set[tuple[str, str | None]] | None:
    """What the basket holds, by each word that may name it."""
    purchase = view.fact.purchase
    if purchase is None:
        return None
    held: set[tuple[str, str | None]] = set()
    for line in purchase.lines:
        if line.quantity > 0:
            held.add((_CATEGORY, line.category))
            held.add((_PRODUCT, line.sku))
    return held


def _looked_for(bits: Mapping[tuple[str, str], int]) -> Look:
    """A look into a basket for these alone: most shops ask for categories only, and ask at every purchase."""
    of_category = {name: bit for (word, name), bit in bits.items() if word == _CATEGORY}
    of_product = {name: bit for (word, name), bit in bits.items() if word == _PRODUCT}

    def look(view: View) -> int | None:
        purchase = view.fact.purchase
        if purchase is None:
            return None
        held = 0
        for line in purchase.lines:
            if line.category in of_category and line.quantity > 0:
                held |= of_category[line.category]
            if of_product and line.sku in of_product and line.quantity > 0:
                held |= of_product[line.sku]
        return held

    return look


@CONDITIONS.add
class StoreCondition(ConditionWord):
    """The store of the purchase at hand.

    Example::

        if:
          - store: [dok-noord, korenmarkt]
    """

    name = "store"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het in {value} was",
        "fr": "c'était à {value}",
        "de": "das in {value} war",
        "en": "it was at {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One store or several, by id."""
        reader = context.reader
        found = [
            reader.known(item, self.name, context.program.stores, "store") for item in reader.items(node, self.name)
        ]
        stores = tuple(dict.fromkeys(each for each in found if each is not None))
        if not stores or None in found:
            return None
        wanted = frozenset(stores)

        def test(view: View) -> bool | None:
            purchase = view.fact.purchase
            return None if purchase is None else purchase.store in wanted

        probe = Among(self.name, _store_at_hand, wanted)
        return Condition(f"store is {listed(stores)}", test, _store_of, needs_purchase=True, probe=probe)

    def schema(self) -> Schema:
        """One of the programme's stores, or a list of them."""
        return one_or_more(TEXT)


@CONDITIONS.add
class BasketHasCondition(ConditionWord):
    """The purchase at hand holds one of these products (by SKU) or something of one of these categories.

    Example::

        if:
          - basket_has: {category: [bread, pastry]}
    """

    name = "basket_has"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "er {value} in het mandje zit",
        "fr": "le panier contient {value}",
        "de": "{value} im Korb ist",
        "en": "the basket has {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """`product`, `category` or both: either will do."""
        reader = context.reader
        entries = reader.mapping(node, self.name, ("product", "category"))
        products = reader.texts(entries["product"], "basket_has: product") if "product" in entries else ()
        categories = reader.texts(entries["category"], "basket_has: category") if "category" in entries else ()
        if categories:
            _tell_of_mistyped(reader, entries["category"], context.program)
        if not products and not categories:
            if isinstance(node, MapNode) and not node.entries:
                reader.problem(node, "`basket_has` needs a product or a category", "Write it as {category: bread}.")
            return None
        return _basket_has(products, categories)

    def schema(self) -> Schema:
        """Products, categories or both."""
        words = {"product": one_or_more(TEXT), "category": one_or_more(TEXT)}
        return {"type": "object", "properties": words, "additionalProperties": False, "minProperties": 1}


@CONDITIONS.add
class BasketTotalCondition(ConditionWord):
    """What the purchase at hand comes to, refunds taken off, in the programme's currency.

    Example::

        if:
          - basket_total: {at_least: 25 EUR}
    """

    name = "basket_total"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de aankoop {value} is",
        "fr": "l'achat est de {value}",
        "de": "der Einkauf {value} beträgt",
        "en": "the purchase is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds in the programme's currency."""
        currency = context.program.currency
        found = read_bounds(node, self.name, context, lambda value, where: context.reader.money(value, where, currency))
        if found is None:
            return None
        show: Show = lambda minor: format_money(minor, currency)  # noqa: E731 - a closure like those beside it
        return replace(of_view(bounded("basket total", found, show), _total, found, show), needs_purchase=True)

    def schema(self) -> Schema:
        """At least one bound."""
        return bounds(MONEY)


def _total(view: View) -> int | None:
    """Unknown without a purchase, and in another currency without a rate."""
    purchase, program = view.fact.purchase, view.program
    if purchase is None:
        return None
    ours = converted(purchase, program.currency, program.rates, view.local.day)
    return None if ours is None else ours.spend


def _tell_of_mistyped(reader: Reader, node: Node, program: Program) -> None:
    """A category may be anything that the till says; one that looks like another of the programme is told."""
    known = program.categories
    for item in reader.items(node, "basket_has: category"):
        text = item.text if isinstance(item, ScalarNode) else ""
        if text and text not in known and (meant := meant_by(text, known)):
            message = f'no card and no margin is about the category "{text}"'
            reader.problem(item, message, f'Did you mean "{meant}"?', warning=True)


def _basket_has(products: tuple[str, ...], categories: tuple[str, ...]) -> Condition:
    skus, kinds = frozenset(products), frozenset(categories)

    def test(view: View) -> bool | None:
        purchase = view.fact.purchase
        if purchase is None:
            return None
        for line in purchase.lines:  # noqa: SIM110 - asked at every purchase, and `any` would make a generator
            if (line.category in kinds or line.sku in skus) and line.quantity > 0:
                return True
        return False

    def found(view: View) -> str:
        purchase = view.fact.purchase
        if purchase is None:
            return "no purchase at hand"
        held = sorted({line.category or line.sku or "?" for line in purchase.lines if line.quantity > 0})
        return ", ".join(held) or "an empty basket"

    named = frozenset([*((_PRODUCT, each) for each in products), *((_CATEGORY, each) for each in categories)])
    probe = Touching("basket", _in_basket, named, _looked_for)
    return Condition(f"basket has {listed((*products, *categories))}", test, found, needs_purchase=True, probe=probe)
