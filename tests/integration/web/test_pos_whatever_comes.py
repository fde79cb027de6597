"""Whatever a till's system sends, well signed, and whatever its API then answers: the right answer, and nothing falls over.

Each example goes through the whole door: HTTP, signature, adapter, the system's API where a notice has to be read again,
Kafka; and what stands on Kafka then is merged as a worker does. `STAMGAST_FUZZ` says how many examples there are.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stamgast.broker import kafka_of
from stamgast.domain.transactions import Transaction
from stamgast.pos.adapter import Adapter
from stamgast.pos.connections import Connection
from stamgast.pos.delivery import desk_context, read_delivery
from stamgast.pos.problems import RefusedError
from stamgast.pos.registry import OWN, Registry
from stamgast.tills.record import record_of
from stamgast.tills.shelf import append_connections
from streams.intake.canonical import read_record
from streams.intake.merge import merged
from streams.intake.record_mac import Proofs
from tests.builders import T0, sure
from tests.conftest import eventually
from tests.fakes.deliveries import SYSTEMS, TOKEN, System
from tests.fakes.records import LogRecord
from tests.fakes.spoiling import BYTES, as_text, mangled, raw_of, spoiled
from tests.integration.web.conftest import MERCHANT, PUBLIC_URL
from tests.integration.web.tills import Tills, tills_of

EXAMPLES = int(os.environ.get("STAMGAST_FUZZ", "150"))
SIGNED_MEANS_KEPT = {200}
UNSIGNED = {200, 400, 422}
LARGE = 10_000_000


class Example(NamedTuple):
    """A delivery, and what the API answers meanwhile."""

    name: str
    raw: bytes
    headers: dict[str, str]
    answers: dict[str, Any]


class Faults(logging.Handler):
    """What was logged that nobody should ever see."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if record.levelno >= logging.ERROR or record.exc_info or "stumbled" in said:
            self.found.append(said)


class Door:
    """The connections of all systems, and what is seen at their door."""

    def __init__(self, tills: Tills, loop: asyncio.AbstractEventLoop) -> None:
        self.tills, self.loop = tills, loop
        self.faults = Faults()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.wrong: dict[str, str] = {}
        """What was answered wrongly: one example of each kind."""

    async def open(self) -> None:
        """Connect all of them."""
        parts = sure(self.tills.web.parts.tills)
        made = []
        for name, system in SYSTEMS.items():
            secrets = {"webhook": system.secret} if system.sign else {"path": TOKEN}
            sealed = {
                each: (parts.seal.seal(MERCHANT, name, each, text),)
                for each, text in (secrets | {"api": "key"}).items()
            }
            url = f"{self.tills.api.url}/{name}"
            made.append(Connection(MERCHANT, name, system_of(name), "A1", {"S1": "dok-noord"}, sealed, api_url=url))
        where = kafka_of(self.tills.settings), self.tills.web.topics.connections
        await append_connections(*where, [record_of(each, 1) for each in made])
        await eventually(lambda: len(parts.connections.all(MERCHANT)) == len(SYSTEMS), why="all are in force")
        self.tills.known = {each.name: each for each in made}

    async def deliver(self, example: Example) -> httpx.Response:
        """Send it, signed."""
        system = SYSTEMS[example.name]
        path = (
            f"/v1/merchants/{MERCHANT}/pos/{system_of(example.name)}/{example.name}{'' if system.sign else f'.{TOKEN}'}"
        )
        headers = dict(example.headers)
        if system.sign:
            headers |= system.sign(example.raw, f"{PUBLIC_URL}{path}", self.tills.web.parts.clock.now())
        self.tills.api.objects = {f"/{example.name}{path}": found for path, found in example.answers.items()}
        answer = await self.tills.web.client.post(
            path,
            content=example.raw,
            headers={each.encode(): value.encode("latin-1") for each, value in headers.items()},
        )
        self.statuses[example.name, answer.status_code] += 1
        return answer


def system_of(name: str) -> str:
    return name.partition("-")[0]


def _quick(adapter: type[Adapter]) -> type[Adapter]:
    """The same, with an API that may be asked as often as one likes."""
    if adapter.api is None:
        return adapter
    return type(adapter.__name__, (adapter,), {"api": replace(adapter.api, per_second=1e6), "__doc__": adapter.__doc__})


@pytest.fixture
async def door(web: Any, web_settings: Any) -> AsyncIterator[Door]:
    async with tills_of(web, web_settings, None, {system_of(name) for name in SYSTEMS}) as tills:
        sure(web.parts.tills).registry = Registry({name: _quick(each) for name, each in OWN.items()}, ())
        tills.api.authorization = ""
        found = Door(tills, asyncio.get_running_loop())
        await found.open()
        root = logging.getLogger()
        root.addHandler(found.faults)
        yield found
        root.removeHandler(found.faults)


@st.composite
def examples(draw: st.DrawFn, name: str) -> Example:
    """A delivery of a system; what it sends, what its API answers, or both are spoiled."""
    system = SYSTEMS[name]
    sent = draw(st.sampled_from(system.sent))
    which = draw(st.integers(0, 2 if system.answers else 0))
    document = draw(spoiled(sent.document)) if which != 1 else sent.document
    answers = dict(system.answers)
    if which:
        path = draw(st.sampled_from(sorted(answers)))
        text = as_text(draw(spoiled(answers[path])))
        answers[path] = draw(raw_of(text))
    raw = _body(draw, system, document) if which != 1 else system.wrapped(_text(document)).encode()
    headers = dict(sent.headers)
    if draw(st.integers(0, 9)) == 0:
        headers["content-type"] = draw(st.sampled_from(CONTENT_TYPES))
    return Example(name, raw, headers, answers)


CONTENT_TYPES = ("application/json; charset=utf-16", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
                 "application/json; charset=\xff", "text/csv", "APPLICATION/JSON")  # fmt: skip


def _text(document: Any) -> str:
    return document if isinstance(document, str) else as_text(document)


def _body(draw: st.DrawFn, system: System, document: Any) -> bytes:
    return draw(raw_of(system.wrapped(_text(document))))


def right_answer(door: Door, example: Example, answer: httpx.Response) -> None:
    """Fail unless it was answered as its system has to be."""
    system = SYSTEMS[example.name]
    allowed = set(SIGNED_MEANS_KEPT if system.sign else UNSIGNED)
    if example.name == "zettle" and not _can_be_signed(example.raw):
        allowed = {401}
    if example.name == "adyen" and answer.status_code == 401:
        allowed = {401}  # what is no JSON has nothing in it that could be signed
    if answer.status_code == 503:
        assert answer.headers["retry-after"]
        allowed |= {503} if any(isinstance(each, bytes) for each in example.answers.values()) else set()
    said = f"{example.name}: {answer.status_code} {answer.text[:300]} to {example.raw[:300]!r}, API {_short(example.answers)}"
    assert answer.status_code in allowed, said
    assert not door.faults.found, f"{door.faults.found[:3]} at {said}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", said
    elif system_of(example.name) == "adyen":
        assert answer.text == "[accepted]", said


def _short(answers: dict[str, Any]) -> Any:
    return {path: each[:2_000] for path, each in answers.items() if isinstance(each, bytes)}


def _can_be_signed(raw: bytes) -> bool:
    try:
        body = json.loads(raw.decode())
        return isinstance(body["timestamp"], str) and isinstance(body["payload"], str)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def clear(name: str, raw: bytes, headers: dict[str, str]) -> None:
    """As `stamgast pos parse` reads it: purchases, or reasons that somebody can act on."""
    adapter = ADAPTERS.get(system_of(name))
    problems: list[dict[str, str]] = []
    try:
        read_delivery(adapter, raw, headers, desk_context(adapter.name))
    except RefusedError as refused:
        problems = refused.problems
    for each in problems:
        assert each["detail"], problems
        assert "cannot read this" not in each["detail"], f"{each} of {raw[:2_000]!r}"
        assert not each["pointer"] or each["pointer"].startswith("/"), each


ADAPTERS = Registry(OWN, ())


async def merge_all(door: Door) -> int:
    """Merge what stands on Kafka as a worker does; how many records that were."""
    known: dict[bytes, Transaction] = {}
    proofs, count = Proofs(b"p" * 32), 0
    for offset, (key, value) in enumerate(await door.tills.web.records(door.tills.web.topics.purchases)):
        read = read_record(LogRecord(offset, value, key), is_here=True, proofs=proofs)
        new = merged(known.get(key, Transaction()), read, read.recorded_at or T0, ("t", 0))
        known[key] = new.state if new else known.get(key, Transaction())
        count += 1
    return count


def _through(door: Door, examples_of: st.SearchStrategy[Example], count: int) -> None:
    """Hypothesis is of one thread, and the door of another."""

    @settings(max_examples=count, deadline=None, derandomize="STAMGAST_FUZZ" not in os.environ, database=None,
              suppress_health_check=list(HealthCheck), print_blob=False)  # fmt: skip
    @given(examples_of)
    def once(example: Example) -> None:
        door.faults.found.clear()
        try:
            clear(example.name, example.raw, example.headers)
            answer = asyncio.run_coroutine_threadsafe(door.deliver(example), door.loop).result(60)
            right_answer(door, example, answer)
        except AssertionError as error:  # all kinds are told at once
            door.wrong.setdefault(f"{example.name} {str(error)[:60]}", f"{error} {example.headers}")

    once()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")  # the door is of another thread
async def test_whatever_is_sent_and_answered_is_taken_laid_aside_or_refused(door: Door):
    any_example = st.sampled_from(sorted(SYSTEMS)).flatmap(examples)
    await asyncio.to_thread(_through, door, any_example, EXAMPLES)
    assert not door.wrong, "\n\n".join(door.wrong.values())
    assert await merge_all(door) > 0


def _worst(name: str) -> Iterator[Example]:
    system = SYSTEMS[name]
    sent = system.sent[0]
    raw = system.wrapped(_text(sent.document)).encode()
    for how in BYTES:
        yield Example(name, mangled(raw, how, len(raw) // 2), dict(sent.headers), dict(system.answers))


async def test_bodies_that_are_broken_as_bytes_are_answered_by_every_system(door: Door):
    for name in SYSTEMS:
        for example in _worst(name):
            clear(example.name, example.raw, example.headers)
            right_answer(door, example, await door.deliver(example))


async def test_ten_megabytes_and_what_is_packed_are_refused_by_every_system(door: Door):
    for name, system in SYSTEMS.items():
        large = Example(name, b'{"data":"' + b"x" * LARGE + b'"}', {}, dict(system.answers))
        assert (await door.deliver(large)).status_code == 413, name
        packed = Example(name, b"\x1f\x8b", {"content-encoding": "gzip"}, dict(system.answers))
        assert (await door.deliver(packed)).status_code == 415, name
    assert not door.faults.found
