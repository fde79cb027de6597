"""Categories and products as words of rules name them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from rules.language.registry import Context
from rules.yaml.nodes import Node
from stamgast.domain import things
from stamgast.domain.kept import Kept
from stamgast.domain.spelling import meant_by

NAMES: Final = ("category", "product")


class Thing(NamedTuple):
    """What a rule asks about, and what a state has to keep so that it can answer."""

    name: str
    """As `stamgast.domain.things` names it."""
    kept: Kept


def read_thing(node: Node, found: Mapping[str, Node], where: str, context: Context, *, remembers: bool) -> Thing | None:
    """Read `category` or `product`; None if problems were noted. `remembers`: it is about purchases before this one."""
    reader, program = context.reader, context.program
    named = [name for name in NAMES if name in found]
    if len(named) != 1:
        both = "one of the two, and a rule or a condition for the other" if named else "{category: bread}"
        asks = f"`{where}` is about a category or a product" + (", not both" if named else "")
        reader.problem(node, asks, f"Write {both}.")
        return None
    [kind] = named
    name = reader.text(found[kind], f"{where}: {kind}")
    if name is None:
        return None
    if kind == "product":
        if remembers and name not in program.watch:
            near = meant_by(name, program.watch)
            hint = f'Did you mean "{near}"?' if near else f"Add `watch: [{name}]` to program.yaml."
            reader.problem(found[kind], f'nobody watches the product "{name}", so nothing is known of it', hint)
            return None
        if remembers:
            _tell_of_before(context, found[kind], f"the product {name} was watched")
        return Thing(things.product(name), Kept(products=frozenset((name,))))
    known = program.categories
    if name not in known and (near := meant_by(name, known)):
        message = f'no card and no margin is about the category "{name}"'
        reader.problem(found[kind], message, f'Did you mean "{near}"?', warning=True)
    if remembers:
        _tell_of_before(context, found[kind], f"a rule asked about the category {name}")
    return Thing(things.category(name), Kept(categories=frozenset((name,)) | known))


def _tell_of_before(context: Context, node: Node, since: str) -> None:
    message = f"what was bought before {since} is not known and does not count"
    context.reader.problem(node, message, "Let it run a while before you rely on it.", warning=True)
