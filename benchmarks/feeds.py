"""What does sending 100,000 facts to another system take, in CPU and in memory, and does each arrive, in order?

The other side is a process of its own that answers at once, so what is measured is ours: reading, signing, sending,
noting. A feed is held to 100 a second and worker unless it says otherwise; here it may send 10,000.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from collections import defaultdict
from multiprocessing.connection import Connection
from typing import Final

import msgspec

from benchmarks.figures import Figure, table, tell
from benchmarks.scene import PARTITIONS, Scene, all_topics
from stamgast.domain.told import StampsLine, encode_line
from stamgast.feeds.record import Feed, Name, encode, feed_key
from stamgast.feeds.secrets import FeedSeal, new_secret
from stamgast.feeds.table import FeedTable
from stamgast.identity.sealing import WrappingKeys
from stamgast.log.appender import Appender
from stamgast.log.topics import ACTIVATIONS, FACTS, Topics
from streams.feeds.carrying import Carrying
from streams.metrics import Metrics

MERCHANT: Final = "bakkerij-noord"
CUSTOMERS: Final = 2_000
_BATCH: Final = 2_000
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def run(scene: Scene) -> None:
    """Send them."""
    count = scene.sized(100_000, 500)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    other = multiprocessing.get_context("spawn").Process(target=receive, args=(theirs,), daemon=True)
    other.start()
    try:
        with all_topics(scene) as topics:
            taken = asyncio.run(_measure(scene, topics, ours.recv(), count, ours))
    finally:
        other.terminate()
    seconds, cpu, megabytes = taken
    rows = [(f"{count} facts", round(seconds, 1), round(cpu, 1), round(count / cpu), round(megabytes, 1))]
    table("A feed", ("what", "s", "CPU s", "a CPU second", "more MB"), rows)
    tell([Figure("feed_facts_per_cpu_second", count / cpu, "facts"), Figure("feed_memory", megabytes, "MB")])


async def _measure(
    scene: Scene, topics: Topics, port: int, count: int, other: Connection
) -> tuple[float, float, float]:
    bootstrap = scene.kafka.bootstrap
    seal, metrics, feeds = FeedSeal(WrappingKeys({"bench": b"k" * 32})), Metrics(), FeedTable()
    appender = Appender(bootstrap, {topics.facts: PARTITIONS, topics.feeds: 1}, client_id="bench")
    for begin in range(0, count, _BATCH):
        await appender.append(topics.facts, [_fact(each) for each in range(begin, min(begin + _BATCH, count))])
    name = Name(MERCHANT, "crm")
    begins = {FACTS: (0,) * PARTITIONS, ACTIVATIONS: (0,) * PARTITIONS}
    secrets = (seal.seal(name, new_secret()),)
    url = f"http://127.0.0.1:{port}/"
    feed = Feed(MERCHANT, "crm", url, 1, begins, sealed=secrets, per_second=10_000, turn=1)
    feeds.note(feed_key(name), encode(feed))
    await feeds.open()
    carrying = Carrying(
        lambda: range(PARTITIONS),
        feeds,
        seal,
        bootstrap=bootstrap,
        topics=topics,
        append=appender.append,
        metrics=metrics,
        settle_s=0,
    )
    before = _used()
    began, cpu, memory = time.monotonic(), before.ru_utime + before.ru_stime, before.ru_maxrss
    await carrying.start()
    while sum(each.sent for each in feeds.progress(feed).values()) < count:
        await asyncio.sleep(0.2)
    seconds, after = time.monotonic() - began, _used()
    await carrying.stop()
    await appender.close()
    other.send("how many?")
    arrived, out_of_order = await asyncio.to_thread(other.recv)
    if (arrived, out_of_order) != (count, 0):
        raise SystemExit(f"{arrived} of {count} facts arrived, {out_of_order} of them out of order")
    return seconds, after.ru_utime + after.ru_stime - cpu, (after.ru_maxrss - memory) / 1024


def _fact(number: int) -> tuple[bytes, bytes]:
    customer = f"c{number % CUSTOMERS:024d}"
    at = 1_790_000_000_000 + number
    said = StampsLine("stamps", "stamped", MERCHANT, customer, at, f"till:{number}", "bread", 1, 0, number % 7)
    return f"{MERCHANT}:{customer}".encode(), encode_line(said)


def _used() -> resource.struct_rusage:
    return resource.getrusage(resource.RUSAGE_SELF)


def receive(ours: Connection) -> None:
    """The other side: say on which port it is, count, and say what came when it is asked."""
    asyncio.run(_receive(ours))


async def _receive(ours: Connection) -> None:
    ids: set[bytes] = set()
    newest: dict[str, int] = defaultdict(int)
    wrong = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal wrong
        while head := await _head(reader):
            fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if line)
            data = msgspec.json.decode(await reader.readexactly(int(fields[b"content-length"])))["data"]
            if fields[b"webhook-id"] not in ids:
                wrong += data["at"] <= newest[data["customer"]]
                newest[data["customer"]] = data["at"]
            ids.add(fields[b"webhook-id"])
            writer.write(_ANSWER)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        ours.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(ours.recv)
        ours.send((len(ids), wrong))
        await asyncio.sleep(3_600)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
