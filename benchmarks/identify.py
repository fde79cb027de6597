"""How long does a till wait to be told whose card it scanned, at 100 a second?

One web process; another process asks on a timetable, each question due at its time whatever became of those before it,
so that no stall can hide. In turn: a phone as it was typed, the same text in the till's one field, a customer's id from
a QR. A worker runs beside it and has nothing else to do.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import redis

from benchmarks.bakery import MERCHANT
from benchmarks.figures import Figure, table, tell
from benchmarks.latency import open_shop, settings_of, until_ready, worker_of
from benchmarks.scene import ROOT, Scene, all_topics
from stamgast.api_keys.admin import Keyring
from stamgast.bootstrap import web_parts
from stamgast.broker import kafka_of
from stamgast.settings import Settings
from stamgast.web.app import create_app
from stamgast.web.serve import deps_over, serving

RATE: Final = 100
P99_MS: Final = 50.0
CONNECTIONS: Final = 16
"""As many tills."""


def run(scene: Scene) -> None:
    """Ask for half a minute."""
    count = scene.sized(30, 2) * RATE
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        waits = asyncio.run(_measure(scene, settings, Path(folder), count))
    at = {share: waits[min(len(waits) - 1, int(len(waits) * share))] * 1_000 for share in (0.5, 0.9, 0.99)}
    rows = [(f"{count} questions at {RATE}/s", at[0.5], at[0.9], at[0.99], waits[-1] * 1_000)]
    table("Identified at the till, ms", ("what", "p50", "p90", "p99", "worst"), rows)
    tell([Figure("identify_p99", at[0.99], "ms", "at most", P99_MS)])


async def _measure(scene: Scene, settings: dict[str, Any], folder: Path, count: int) -> list[float]:
    people = await open_shop(scene, settings, busy=False)
    given = Settings(_env_file=None, **settings)
    with worker_of(settings, folder / "notes") as worker:
        await until_ready(settings, worker)
        async with web_parts(given) as parts:
            keyring = Keyring(kafka_of(given), parts.topics.api_keys)
            key = (await keyring.create(MERCHANT, ("read", "till"), parts.clock.now())).text
            while not (parts.identities.loaded and parts.merchants.loaded and parts.api_keys.find(key)):
                await asyncio.sleep(0.05)
            questions = [_question(number, people, key) for number in range(count)]
            async with serving(create_app(deps_over(parts)), "127.0.0.1", 0) as port:
                await _until_applied(port, questions)
                return await _asked(port, questions, folder / "questions")


async def _until_applied(port: int, questions: list[str]) -> None:
    """Wait until everybody who was enrolled is there: until then the answer is 503."""
    some = [each.encode() for each in questions[:RATE]]
    while (await ask_all(port, some))[1] < len(some):
        await asyncio.sleep(0.1)


def _question(number: int, people: list[str], key: str) -> str:
    who = number % len(people)
    phone, customer = f"06 1200 {who:04d}", people[who]
    body = json.dumps(({"phone": phone}, {"scanned": phone}, {"scanned": customer})[number % 3])
    return (
        f"POST /v1/merchants/{MERCHANT}/customers/lookup HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


async def _asked(port: int, questions: list[str], file: Path) -> list[float]:
    await asyncio.to_thread(file.write_text, json.dumps(questions))
    command = [sys.executable, "-m", "benchmarks.identify", str(port), str(file)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    told = json.loads(out)
    if told["good"] != len(questions):
        raise RuntimeError(f"{len(questions) - told['good']} of {len(questions)} were not answered with 200")
    return sorted(told["waits"])


async def ask_all(port: int, questions: list[bytes]) -> tuple[list[float], int]:
    """Ask on the timetable; how long after it was due each was answered (seconds), and how many with 200."""
    waits: list[float] = []
    good, begin = 0, time.perf_counter() + 0.1

    async def till(first: int) -> None:
        nonlocal good
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(first, len(questions), CONNECTIONS):
            due = begin + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(questions[number])
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            waits.append(time.perf_counter() - due)
            good += head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*map(till, range(CONNECTIONS)))
    return waits, good


def main() -> None:
    """The process that asks."""
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    waits, good = asyncio.run(ask_all(port, [each.encode() for each in json.loads(path.read_text())]))
    print(json.dumps({"waits": waits, "good": good}))


if __name__ == "__main__":
    main()
