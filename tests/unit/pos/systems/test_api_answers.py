"""Whatever a system's API answers, when it is read again or polled: it is read or refused with its place, and nothing else."""

import asyncio
import copy
import os
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stamgast.pos.adapter import Adapter, ApiError, Found, GoneError, Page
from stamgast.pos.delivery import desk_context
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import read_item
from stamgast.pos.registry import OWN, Registry
from stamgast.pos.systems.polling import not_ahead
from stamgast.pos.webhook import read_body
from tests.fakes.deliveries import SYSTEMS, System
from tests.fakes.spoiling import as_text, spoiled

REGISTRY = Registry(OWN, ())
EXAMPLES = int(os.environ.get("STAMGAST_FUZZ", "60"))
POLLED = sorted(name for name, each in SYSTEMS.items() if each.answers and "-" not in name)


class Shelf:
    """An API that answers by path, and keeps nothing."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    async def call(self, method: str, path: str, *, query: Any = None, document: Any = None, **_how: Any) -> Any:
        found = self.answers.get(path)
        if found is None:
            raise GoneError(path)
        return copy.deepcopy(found)


@st.composite
def shelves(draw: st.DrawFn, system: System) -> Shelf:
    """All that an API holds, one object of it gone wrong."""
    answers = dict(system.answers)
    path = draw(st.sampled_from(sorted(answers)))
    answers[path] = draw(spoiled(answers[path]))
    try:
        return Shelf(
            {each: read_body(as_text(found).encode("utf-8", "surrogatepass"), {}) for each, found in answers.items()}
        )
    except RefusedError:
        return Shelf({})


async def swallowed(adapter: Adapter, shelf: Shelf, found: list[Found]) -> None:
    """Fail unless what is read again of `found`, and what a poll finds, is read or refused."""
    cursor = "2026-10-01T00:00:00Z"
    try:
        page = await adapter.poll(cursor, shelf)
        found = [*found, *page.objects]
        await adapter.poll(page.cursor, shelf)
    except (RefusedError, ApiError):
        page = Page([], "")
    assert isinstance(page.cursor, str)
    context = desk_context(adapter.name)
    for each in found:
        try:
            whole = await adapter.reread(each, shelf)
            documents = adapter.snapshot(whole, context) if whole.content is not None else []
        except (RefusedError, ApiError):
            continue
        for document in documents:
            read_item(document, "")


def _hints(system: System, adapter: Adapter) -> list[Found]:
    """What webhooks name, each to be read again."""
    found: list[Found] = []
    for sent in system.sent:
        with suppress(RefusedError):
            found += [each._replace(content=None) for each in adapter.refs(sent.document)]
    return found


@pytest.mark.parametrize("name", POLLED)
def test_whatever_an_api_answers_is_read_or_refused(name: str):
    system, adapter = SYSTEMS[name], REGISTRY.get(name)
    hints = _hints(system, adapter)

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(shelves(system))
    def once(shelf: Shelf) -> None:
        asyncio.run(swallowed(adapter, shelf, hints))

    once()


NOW = 1_790_840_530_000


@pytest.mark.parametrize(
    ("cursor", "held"),
    [
        ("2026-10-01T07:00:00Z", "2026-10-01T07:00:00Z"),
        ("9999-12-31T23:59:59Z", "2026-10-01T07:42:10Z"),
        ("2026-10-01T07:00:00Z|2031-01-01T00:00:00Z|p2", "2026-10-01T07:00:00Z|2026-10-01T07:42:10Z|p2"),
        ("31415926", "31415926"),
        ("", ""),
    ],
)
def test_a_sale_of_a_till_whose_clock_is_ahead_hides_none_that_come_before_it(cursor: str, held: str):
    assert not_ahead(cursor, NOW) == held


async def test_an_order_whose_time_cannot_be_read_holds_up_no_others():
    order = {"id": 1, "updated_at": "2026-10-01T07:40:00Z"}
    shelf = Shelf({"/orders.json": {"orders": [order, order | {"id": [], "updated_at": "soon"}]}})
    page = await REGISTRY.get("shopify").poll("2026-10-01T00:00:00Z", shelf)
    assert [each.id for each in page.objects] == ["1", ""]
    assert page.cursor == "2026-10-01T07:40:00Z"
