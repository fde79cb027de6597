"""Posts prepared requests all at once, each over a connection of its own; tells how each was answered and how soon."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.posting import requests_in

_PATIENCE_S = 60.0


async def post_at_once(port: int, requests: list[bytes]) -> tuple[Counter[str], float]:
    """How many were answered with each status; seconds until the last answer."""

    async def one(request: bytes) -> str:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
        except (OSError, EOFError) as error:
            return type(error).__name__
        return head[len(b"HTTP/1.1 ") :][:3].decode()

    begun = time.perf_counter()
    async with asyncio.timeout(_PATIENCE_S):
        answers = await asyncio.gather(*map(one, requests))
    return Counter(answers), time.perf_counter() - begun


def main() -> None:
    """Requests stand in a file, as those of `benchmarks.posting`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    begun = time.time()
    answers, seconds = asyncio.run(post_at_once(int(sys.argv[1]), requests_in(Path(sys.argv[2]))))
    good = sum(count for status, count in answers.items() if status.startswith("2"))
    print(json.dumps({"good": good, "answers": answers, "begun": begun, "last_s": seconds}))


if __name__ == "__main__":
    main()
