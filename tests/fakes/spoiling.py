"""Bodies gone wrong in every way that a body can: values, keys, nesting, numbers, letters, and the bytes themselves."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

DEEP = 100_000
Path = tuple[Any, ...]


class Raw(str):
    """Stands in JSON as it is: what no JSON value can hold."""

    __slots__ = ()


@dataclass
class Twice:
    """An object of which a key comes twice."""

    content: dict[str, Any]
    key: str
    other: Any


ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, -0.005, 10**12, -(10**18), 2**63, 2**64, 10**30, Raw("1e400"), Raw("-0"), Raw("9" * 5_000), Raw("1E-400"), Raw("NaN"),
    Raw("Infinity"), Raw("-Infinity"), Raw("1.00000000000000000000000000001"), Raw("01"), "", " ", "0", "-5", "1e9999", "NaN", "inf", "99999999999.99", "1,50",
    "9" * 5_000, "x" * 5_000, "\u0000", Raw('"\\ud800"'), "\u0661", "\u202e", "İ", "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
    "2026-10-01T07:42:10", "2026-10-01", "true", "EUR", "XYZ", "eur", "JPY", "../admin", "//evil.example", 253402300800001, -1_790_840_530, 0.1, [], {}, [None],
    [[]], [{}], {"": None}, {"id": []}, {"elements": None}, {"elements": 1}, {"value": []}, [0, 0, {}], [[[[[]]]]], "+31612345678", "0600000000",
]  # fmt: skip


def as_text(value: Any) -> str:
    """JSON, with what is `Raw` or comes `Twice` in it."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Twice):
        pairs = [*value.content.items(), (value.key, value.other)]
        return "{" + ",".join(f"{json.dumps(key)}:{as_text(each)}" for key, each in pairs) + "}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{as_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(as_text(each) for each in value) + "]"
    return json.dumps(value)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place of a document."""
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value[:5]):
            yield from places(each, (*path, index))


def at(document: Any, path: Path) -> Any:
    """What stands at a place."""
    for step in path:
        document = document[step]
    return document


WAYS = ("odd", "odd", "odd", "gone", "another", "list", "object", "text", "twice", "many")


@st.composite
def spoiled(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to four of its places gone wrong."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        known = list(places(document))
        path = draw(st.sampled_from(known))
        if not path:
            if draw(st.integers(0, 9)) == 0:
                return copy.deepcopy(draw(st.sampled_from(ODD)))
            continue
        how, odd = draw(st.sampled_from(WAYS)), copy.deepcopy(draw(st.sampled_from(ODD)))
        other = copy.deepcopy(at(document, draw(st.sampled_from(known))))
        holder = at(document, path[:-1])
        if how == "twice" and isinstance(holder, dict) and len(path) > 1:
            at(document, path[:-2])[path[-2]] = Twice(dict(holder), path[-1], odd)
            return document
        _spoil(holder, path[-1], how, odd, other)
    return document


def _spoil(holder: Any, key: Any, how: str, odd: Any, other: Any) -> None:
    """Spoil one place in one of the `WAYS`."""
    value = holder[key]
    match how:
        case "gone":
            del holder[key]
        case "another":
            holder[key] = other
        case "list":
            holder[key] = [value]
        case "object":
            holder[key] = {"value": value}
        case "text":
            holder[key] = _otherwise(value)
        case "many" if isinstance(holder, list):
            holder.extend(copy.deepcopy(value) for _ in range(30))
        case _:
            holder[key] = odd


def _otherwise(value: Any) -> Any:
    """A number as text, a text as a number, and back."""
    if isinstance(value, str):
        return float(value) if value.replace(".", "", 1).isdecimal() and value.isascii() else list(value[:3])
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


_LETTERS = "é€"
_MANGLED: dict[str, Callable[[bytes, int], bytes]] = {
    "cut": lambda raw, place: raw[:place],
    "utf-16": lambda raw, _: raw.decode(errors="replace").encode("utf-16"),
    "utf-16-be": lambda raw, _: raw.decode(errors="replace").encode("utf-16-be"),
    "cp1252": lambda raw, place: raw[:place] + _LETTERS.encode("cp1252") + raw[place:],
    "mark": lambda raw, _: b"\xef\xbb\xbf" + raw,
    "zero": lambda raw, place: raw[:place] + b"\0" + raw[place:],
    "high": lambda raw, place: raw[:place] + b"\xff" + raw[place + 1 :],
    "half a letter": lambda raw, place: raw[:place] + _LETTERS.encode()[2:4],
    "deep": lambda _, __: b"[" * DEEP,
    "deeper": lambda _, __: b'{"data":' * DEEP + b"1" + b"}" * DEEP,
    "nothing": lambda _, __: b"",
    "blank": lambda _, __: b" \r\n",
    "form": lambda raw, _: b"payload=" + raw.replace(b"&", b"%26") + b"&x=%ff&x=1",
    "more": lambda raw, _: raw + b" {}",
    "twice": lambda raw, _: raw + raw,
}
BYTES = tuple(_MANGLED)


@st.composite
def raw_of(draw: st.DrawFn, text: str) -> bytes:
    """Bytes of a body; one in four is spoiled as bytes."""
    raw = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 3)):
        return raw
    return mangled(raw, draw(st.sampled_from(BYTES)), draw(st.integers(0, max(len(raw) - 1, 0))))


def mangled(raw: bytes, how: str, place: int = 0) -> bytes:
    """Bytes that are spoiled in one of `BYTES`' ways, at a place where that matters."""
    return _MANGLED[how](raw, place)
