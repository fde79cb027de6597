"""`audiences:` of program.yaml: whom campaigns may be for, under a name.

`audiences: {regulars: {who: [{visits: {at_least: 5}}]}, recall: {bought: {product: RYE-800, from: 2026-09-01, to:
2026-09-30}}, invited: {file: invited.csv}}`
"""

import re
from collections.abc import Mapping
from typing import Final

from rules.buyers import Buyers
from rules.engine import Audience, Condition
from rules.language.conditions import CONDITIONS
from rules.language.goods import NAMES, read_thing
from rules.language.registry import Context
from rules.program.named import named
from rules.rule_reader import read_conditions
from rules.segments import leaves
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.words import parse_date

SECTION: Final = "audiences"
MOST_AUDIENCES: Final = 50
KINDS: Final = ("who", "bought", "file")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def read_audiences(context: Context, program_node: Node) -> dict[str, Audience]:
    """The audiences by name. They may ask about every segment."""
    reader = context.reader
    node = program_node.get(SECTION) if isinstance(program_node, MapNode) else None
    found: dict[str, Audience] = {}
    for name, key, value in named(reader, node, SECTION):
        where = f"{SECTION}: {name}"
        with reader.showing(_meant(name, value)):
            said = reader.entries(value, where, KINDS, elsewhere=_elsewhere)
        if len(said) != 1 or not isinstance(value, MapNode) or len(value.entries) != 1:
            if isinstance(value, MapNode) and len(said) == len(value.entries):
                hint = "Write who: conditions, bought: {category: …, from: …, to: …}, or file: name.csv."
                reader.problem(key, f"the audience {name} is one of who, bought and file", hint)
            continue
        [(kind, what)] = said
        audience = _read(name, kind, what, context)
        if audience is not None:
            found[name] = audience
    if node is not None and len(found) > MOST_AUDIENCES:
        reader.problem(node, f"`{SECTION}` names {len(found)} audiences; at most {MOST_AUDIENCES} are read")
    return found


def _meant(name: str, node: Node) -> str:
    text = node.text if isinstance(node, ScalarNode) else ""
    if _FILE.fullmatch(text) and "." in text:
        return f"{name}: {{file: {text}}}"
    return f"{name}: {{who: [{{visits: {{at_least: 5}}}}]}}"


def _elsewhere(word: str) -> str:
    """Where a condition belongs."""
    return f"Conditions stand under `who`: {{who: [{{{word}: …}}]}}." if word in CONDITIONS.words else ""


def _read(name: str, kind: ScalarNode, node: Node, context: Context) -> Audience | None:
    where = f"{SECTION}: {name}"
    if kind.text == "who":
        condition = _who(name, kind, read_conditions(context, node, where), context)
        return None if condition is None else Audience(name, condition)
    if kind.text == "bought":
        bought = _bought(node, where, context)
        return None if bought is None else Audience(name, bought=bought)
    file = context.reader.text(node, f"{where}: file")
    if file is not None and not _FILE.fullmatch(file):
        hint = "It lies in the merchant's folder under audiences/, and is never published: write file: invited.csv."
        context.reader.problem(node, "`file` is the name of a file, without a folder", hint)
        return None
    return None if file is None else Audience(name, file=file)


def _who(name: str, key: ScalarNode, condition: Condition | None, context: Context) -> Condition | None:
    asking = [] if condition is None else [each.text for each in leaves(condition) if each.needs_purchase]
    if asking:
        what = f"the audience {name} asks about a purchase, and people are in it without one at hand"
        context.reader.problem(key, what, f"It is about: {', '.join(dict.fromkeys(asking))}.")
        return None
    return condition


def _bought(node: Node, where: str, context: Context) -> Buyers | None:
    reader = context.reader
    found: Mapping[str, Node] = reader.mapping(node, where, (*NAMES, "from", "to"), ("from", "to"))
    if not isinstance(node, MapNode) or len(found) < len(node.entries) or not {"from", "to"} <= found.keys():
        return None
    thing = read_thing(node, found, where, context, remembers=False)
    first, last = (reader.word(found[word], f"{where}: {word}", parse_date) for word in ("from", "to"))
    if thing is None or first is None or last is None:
        return None
    if last < first:
        reader.problem(found["to"], f"`{where}` ends before it begins")
        return None
    [kind] = [name for name in NAMES if name in found]
    what = reader.text(found[kind], f"{where}: {kind}") or ""
    return Buyers(first, last, **{kind: what})
