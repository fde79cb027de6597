"""A mapping tried on a body, field by field: what it understands, what it cannot use, and what nobody asked for."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from stamgast.pos.adapter import Context, Document, Found, Headers
from stamgast.pos.generic.adapter import MappedTill
from stamgast.pos.generic.values import find_all, places
from stamgast.pos.mapping import Lines, Mapping, Pick, Tenders
from stamgast.pos.problems import Problem
from stamgast.pos.reading import Refused, as_given
from stamgast.pos.webhook import guarded, purchases_of, read_body

MOST_UNUSED: Final = 100
_MOST_LEAVES: Final = 20_000
_LONGEST: Final = 60
NO_VERSION: Final = "source_version is not named: a change of a sale, told again, is taken for a repeat of it"


class Understood(NamedTuple):
    """One field of one item."""

    item: int
    field: str
    path: str
    found: str
    """What stands there, cut short; empty where nothing does."""
    value: Any
    """What it came to."""
    wrong: str


class Trial(NamedTuple):
    """What came of it."""

    documents: Sequence[Document]
    fields: Sequence[Understood]
    problems: Sequence[Problem]
    unused: Sequence[str]
    """Paths of what stands in the items and was not looked at."""
    others: int
    """Items that are no purchase, by `only`."""
    notes: Sequence[str]


def try_mapping(mapping: Mapping, raw: bytes, headers: Headers, context: Context) -> Trial:
    """See the module. Raises `RefusedError`: it is no body of the mapping's format at all, or has no items."""
    fields: list[Understood] = []
    item = 0

    def note(field: str, pick: Pick, document: Any, value: Any, wrong: str) -> None:
        path = pick.path or ""
        found = next(iter(find_all(path, document)), "") if path else pick.value
        fields.append(Understood(item, field, path, _shown(found), value, wrong))

    till = MappedTill(mapping, note)
    with guarded(till):
        body = till.decode(raw, headers)
        body = read_body(raw, headers) if body is None else body
        items = till.refs(body)
    documents: list[Document] = []
    problems: list[Problem] = []
    for item, each in enumerate(items):  # noqa: B007  `note` tells of it
        for read in purchases_of(till, [Found(each.kind, each.id, each.content)], context):
            if isinstance(read, Refused):
                problems += read.problems
            else:
                documents.append(as_given(read.purchase))
    everything = find_all(mapping.items, body)
    count = len(everything[0]) if len(everything) == 1 and isinstance(everything[0], list) else len(everything)
    notes = [] if mapping.source_version else [NO_VERSION]
    unused = sorted(_unused(mapping, items[0].content)) if items else []
    return Trial(documents, fields, problems, unused[:MOST_UNUSED], count - len(items), notes)


def _unused(mapping: Mapping, item: Any) -> set[str]:
    """What stands in an item and no path of the mapping leads to, each kind of place once."""
    used: set[str] = set()
    for path, inside in _paths(mapping):
        begins = [""] if not inside else places(inside, item)
        for begin in begins:
            documents = [item] if not inside else [_at(item, begin)]
            for document in documents:
                used |= {begin.removeprefix("$") + place.removeprefix("$") for place in places(path, document)}
    leaves = (place for number, place in enumerate(_leaves(item, "")) if number < _MOST_LEAVES)
    return {f"${_kinds(place)}" for place in leaves if not any(_covers(each, place) for each in used)}


def _paths(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Every path that begins at an item, or at the places of another path in it."""
    yield from ((path, "") for path in mapping.only)
    parts: list[tuple[Any, str]] = [(mapping, ""), (mapping.customer, "")]
    for inner in (mapping.lines, mapping.tenders):
        if isinstance(inner, Lines | Tenders):
            parts.append((inner, inner.each))
            yield from ((path, inner.each) for path in getattr(inner, "only", ()))
    if mapping.refunds is not None:
        parts.append((mapping.refunds, ""))
        yield from ((path, "") for path in mapping.refunds.when)
    for part, inside in parts:
        for name in () if part is None else type(part).model_fields:
            pick = getattr(part, name)
            if isinstance(pick, Pick):
                others = (getattr(pick, name, None) for name in ("or_path", "with_path", "decimals"))
                named = (pick.path, *others, *getattr(pick, "parts", ()))
                yield from ((path, inside) for path in named if path is not None)


def _at(item: Any, place: str) -> Any:
    return next(iter(find_all(place, item)), None)


def _leaves(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}['{name}']")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{number}]")
    elif value is not None and value != "":
        yield place


def _covers(used: str, place: str) -> bool:
    return place == used or place.startswith(f"{used}[")


def _kinds(place: str) -> str:
    """The same for every entry of a list."""
    parts = place.split("[")
    return "[".join("*]" if part.rstrip("]").isdecimal() else part for part in parts)


def _shown(found: Any) -> str:
    text = "" if found is None else str(found)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
