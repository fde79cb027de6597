"""What the tests of adapters share: a delivery read the whole way, an API that answers from a list, bodies gone wrong."""

import copy
import json
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from stamgast.pos.adapter import Adapter, Context, Found, Headers
from stamgast.pos.canonical import Canonical, Purchase, Refund
from stamgast.pos.connections import Connection
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Item, Received, Refused, read_item
from stamgast.pos.webhook import purchases_of
from tests.builders import MERCHANT, program

decode = msgspec.json.Decoder(float_hook=Decimal).decode


def context(system: str, account: str = "A1", currency: str = "EUR", **stores: str) -> Context:
    return Context(Connection(MERCHANT, "front", system, account, stores=stores), program(currency=currency))


def as_received(document: Any) -> Any:
    """A body as the door decodes it: numbers with a fraction are decimals."""
    return decode(json.dumps(document).encode())


def read(adapter: Adapter, found: Iterable[Found], where: Context) -> list[Canonical]:
    """What these objects mean; each has to be of the contract's shape."""
    items = purchases_of(adapter, found, where)
    told = []
    for item in items:
        assert isinstance(item, Received), item
        assert isinstance(item.purchase, Purchase | Refund)
        told.append(item.purchase)
    return told


def sale(adapter: Adapter, kind: str, content: Any, where: Context | None = None) -> Purchase:
    [purchase] = read(adapter, [Found(kind, "", as_received(content))], where or context(adapter.name))
    assert isinstance(purchase, Purchase)
    return purchase


def reconciles(purchase: Canonical) -> bool:
    """paid = gross + tip + surcharge + shipping + deposit + gift cards sold + rounding."""
    told = purchase.totals
    beside = (told.tip_minor, told.surcharge_minor, told.shipping_minor, told.deposit_minor, told.gift_card_sold_minor)
    return told.paid_minor == told.gross_minor + sum(each or 0 for each in (*beside, told.rounding_minor))


def lines_sum(purchase: Purchase) -> int:
    """Of the goods' lines."""
    apart = {"shipping", "deposit", "gift_card", "fee"}
    return sum(line.gross_minor for line in purchase.line_items if line.kind not in apart)


def microseconds(adapter: Adapter, body: bytes, headers: Headers, where: Context, rounds: int = 300) -> float:
    """The best of many rounds of decoding, finding and reading one delivery."""

    def once() -> None:
        for found in adapter.notice(decode(body), headers):
            adapter.snapshot(found, where)

    best = 1e9
    for _ in range(rounds):
        begin = time.perf_counter()
        once()
        best = min(best, time.perf_counter() - begin)
    return best * 1e6


class Answers:
    """An API that answers by path, and keeps what it was asked."""

    def __init__(self, answers: dict[str, Any] | Callable[[str, Any, Any], Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any, Any]] = []

    async def call(self, method: str, path: str, *, query: Any = None, document: Any = None, **_how: Any) -> Any:
        self.asked.append((path, query, document))
        if callable(self.answers):
            return as_received(self.answers(path, query, document))
        found = self.answers[path]
        if isinstance(found, Exception):
            raise found
        return as_received(found)


JUNK: list[Any] = [None, True, False, 0, -1, 10**30, Decimal("1E+400"), Decimal("0.1"), "", "x" * 5_000, "\x00\ud800", "1e9999",
        "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", [], {}, [None], [[]], [{}], {"elements": None},
        "-5", 253402300800001, "not a number", [0, 0, {}], {"id": []}]  # fmt: skip


@st.composite
def gone_wrong(draw: st.DrawFn, bodies: list[Any]) -> Any:
    """One of the bodies with a few of its values replaced, left out or repeated."""
    body = copy.deepcopy(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(_paths(body)))
        if not path:
            return copy.deepcopy(draw(st.sampled_from(JUNK)))
        holder = body
        for step in path[:-1]:
            holder = holder[step]
        how = draw(st.sampled_from(["junk", "junk", "gone", "twice"]))
        if how == "junk":
            holder[path[-1]] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        elif how == "gone":
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
    return body


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    steps: Iterable[Any] = ()
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value)
    for step, each in steps:
        found += _paths(each, (*path, step))
    return found


def swallowed(adapter: Adapter, body: Any, where: Context, kinds: Iterable[str] = ()) -> None:
    """Whatever the body: it is read, or refused with its place, and nothing else is raised."""
    try:
        found = list(adapter.refs(body))
    except RefusedError:
        found = []
    found += [Found(kind, "", body) for kind in kinds]
    for each in [each for each in found if each.content is not None]:
        try:
            documents = adapter.snapshot(each, where)
        except RefusedError as refused:
            told = refused.problems
        else:
            told = [problem for item in map(_read, documents) if isinstance(item, Refused) for problem in item.problems]
        for problem in told:
            assert {"pointer", "detail"} <= problem.keys()
    adapter.delivery_id({}, body)


def _read(document: Any) -> Item:
    return read_item(document, "")
