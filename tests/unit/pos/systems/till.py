"""Reads samples, vectors and bodies as `stamgast pos parse` does."""

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from stamgast.pos.adapter import Adapter, Context, Found, GoneError
from stamgast.pos.connections import Connection
from stamgast.pos.delivery import Meaning, desk_context, read_delivery, read_objects
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import read_item
from tests.builders import MERCHANT, program

SAMPLES = Path(__file__).parents[3] / "golden" / "pos"
"""As the vendors publish them, under the licences that their `.source` names; and vectors of signatures."""


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def samples_of(system: str) -> list[str]:
    return sorted(path.stem for path in SAMPLES.glob(f"{system}_*.json"))


def vectors_of(provider: str) -> list[dict[str, Any]]:
    return [each for each in json.loads((SAMPLES / "vectors.json").read_text()) if each["provider"] == provider]


def context_of(adapter: Adapter, account: str = "", **stores: str) -> Context:
    return Context(Connection(MERCHANT, "front", adapter.name, account, stores=stores), program())


def meaning(adapter: Adapter, body: Any, **headers: str) -> Meaning:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_delivery(adapter, raw, named, desk_context(adapter.name))


def parsed(adapter: Adapter, body: Any, **headers: str) -> list[dict[str, Any]]:
    return list(meaning(adapter, body, **headers).documents)


def only(adapter: Adapter, body: Any, **headers: str) -> dict[str, Any]:
    [document] = parsed(adapter, body, **headers)
    return document


def object_of(adapter: Adapter, kind: str, body: Any) -> list[dict[str, Any]]:
    return list(read_objects(adapter, json.dumps(body).encode(), kind, desk_context(adapter.name)).documents)


def gap(document: dict[str, Any]) -> int:
    """What the totals do not explain of what was paid."""
    totals = document["totals"]
    names = ("gross", "tip", "surcharge", "shipping", "deposit", "gift_card_sold", "rounding")
    return int(totals["paid_minor"]) - sum(int(totals.get(f"{name}_minor", 0)) for name in names)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for name, each in inner:
        found += _places(each, (*path, name))
    return found


ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, False, -1, 0, 10**30, 10**12, 99_999_999_999_999, "99999999999.99", 1.5, "", "x", "9" * 5_000, "NaN", "1e9999", "2026-13-45T99:99:99Z",
                       "\u0000", "\ud800", [], [None], {}, {"": None}, [[]], "-0.005", "\u0661"])  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, bodies: list[Any]) -> Any:
    """One of the bodies, with one to three of its places gone or holding something odd."""
    body = json.loads(json.dumps(draw(st.sampled_from(bodies))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(body)[1:] or [()]))
        if not path:
            return draw(ODD)
        holder = body
        try:
            for name in path[:-1]:
                holder = holder[name]
            if draw(st.booleans()) and isinstance(holder, dict):
                holder.pop(path[-1], None)
            else:
                holder[path[-1]] = copy.deepcopy(draw(ODD))
        except (KeyError, IndexError, TypeError):
            continue
    return body


def decoded(body: Any) -> Any:
    """As a webhook's body is decoded: fractions are Decimal."""
    try:
        return msgspec.json.Decoder(float_hook=Decimal).decode(json.dumps(body).encode())
    except (msgspec.DecodeError, ValueError):
        return None


def stumbles(adapter: Adapter, body: Any) -> None:
    """Fail unless a body is read or refused, by the adapter itself: nothing guards it here."""
    read = decoded(body)
    try:
        found = list(adapter.refs(read))
        adapter.delivery_id({}, read)
        found += [Found(kind, "", read) for kind in adapter.kinds]
    except RefusedError:
        found = [Found(kind, "", read) for kind in adapter.kinds]
    for each in found:
        if each.content is not None:
            try:
                documents = adapter.snapshot(each, desk_context(adapter.name))
            except RefusedError:
                continue
            for document in documents:
                read_item(document, "")


class Shelf:
    """An API that answers by path, and keeps what it was asked."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def call(self, method: str, path: str, *, query: Any = None, document: Any = None, **_how: Any) -> Any:
        self.asked.append((path, dict(query or {})))
        answer = self.answers.get(path)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if answer is None:
            raise GoneError(path)
        return answer
