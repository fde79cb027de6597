"""A customer's timeline from a real log: whole by its pages, each bounded, and nobody else's."""

from __future__ import annotations

from typing import Any

from stamgast.domain.activation import Note
from stamgast.domain.events import Purchase, PurchaseChanged, encode_event, key_of
from stamgast.domain.told import Line, encode_line
from stamgast.local.brokers import Broker
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitter
from stamgast.log.topics import Topics
from stamgast.people.timeline import Happening, Kind, Piece, read_timeline
from stamgast.state.outbox import encode_note

US, OTHERS = ("bakker", "c1"), ("bakker", "c2")
BEGIN, MANY = 1_788_249_600_000, 30


async def test_pages_hold_everything_once_newest_first(kafka: Broker, topics: Topics) -> None:
    partition = partition_for(key_of(*US), topics.partitions)
    emitter = await Emitter.open(kafka.bootstrap)

    async def write(topic: str, who: tuple[str, str], *values: bytes) -> None:
        await emitter.emit(topic, partition, [(key_of(*who), value) for value in values])

    for number in range(MANY):
        at = BEGIN + number * 1_000
        for who in (US, OTHERS, OTHERS, OTHERS):
            about: dict[str, Any] = {"merchant": who[0], "customer": who[1], "at": at}
            sold = Purchase(occurred_at=at, store="dok", currency="EUR", spend=100 + number)
            event = encode_event(PurchaseChanged(**about, transaction=f"t{number}", after=sold))
            await write(topics.customer_events, who, event)
            fact = encode_line(Line(kind="stamps", became="stamped", card="bread", after=number, **about))
            await write(topics.facts, who, fact, fact)
        note = Note("decided", f"a{number}", *US, at + 1, "free-loaf", template="loaf", status="submitted")
        await write(topics.activations, US, encode_note(note), b"{")
    await emitter.close()

    whole = await read_timeline(kafka.bootstrap, topics, US)
    assert whole.before is None
    assert len(whole.lines) == 3 * MANY, "and what stands there twice is told once"
    assert [each.at for each in whole.lines] == sorted((each.at for each in whole.lines), reverse=True)
    assert {each.amount for each in whole.lines if each.kind is Kind.BOUGHT} == set(range(100, 100 + MANY))

    pages: list[Piece] = [await read_timeline(kafka.bootstrap, topics, US, window=20)]
    while pages[-1].before is not None:
        pages.append(await read_timeline(kafka.bootstrap, topics, US, pages[-1].before, window=20))
    assert len(pages) > 1, "a page ends where it has looked at enough"
    in_pages: list[Happening] = [each for page in pages for each in page.lines]
    assert sorted(in_pages, key=repr) == sorted(whole.lines, key=repr)
    assert (await read_timeline(kafka.bootstrap, topics, ("bakker", "c9"))).lines == []
