"""Posts prepared requests over kept connections as fast as they are answered, and tells how long that took."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from benchmarks.figures import quantile

CONNECTIONS = 32


async def post_all(port: int, requests: list[bytes], connections: int = CONNECTIONS) -> tuple[float, int, list[float]]:
    """Seconds, how many were answered with 2xx, and how many seconds each took, in order of that."""
    waiting, good, took = iter(requests), 0, []

    async def one() -> None:
        nonlocal good
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            sent = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
            await reader.readexactly(int(length.partition(b":")[2]))
            took.append(time.perf_counter() - sent)
            good += head.startswith(b"HTTP/1.1 2")
            if b"\r\nconnection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return time.perf_counter() - begun, good, sorted(took)


def requests_in(file: Path) -> list[bytes]:
    """Requests that stand in a file one after the other, each behind its length."""
    raw, requests, at = file.read_bytes(), [], 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        requests.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return requests


def main() -> None:
    """Port, file, and perhaps how many connections."""
    port, path, *connections = sys.argv[1:]
    seconds, good, took = asyncio.run(post_all(int(port), requests_in(Path(path)), *map(int, connections)))
    p50, p99 = (quantile(took, share) * 1_000 for share in (0.5, 0.99))
    print(json.dumps({"seconds": seconds, "good": good, "p50_ms": p50, "p99_ms": p99}))


if __name__ == "__main__":
    main()
