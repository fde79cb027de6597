"""Of a log that many share, who reads one customer checks the signatures of that one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from stamgast.log.reading import LogReader
from stamgast.log.signatures import HEADER, Signatures

TOPIC, MINE, ANOTHER = "customer.events.v1", b"bakker:c1", b"bakker:c2"


class Counting(Signatures):
    """Says how many were checked."""

    checked = 0

    def is_ours(self, topic: str, record: Any) -> bool:
        self.checked += 1
        return super().is_ours(topic, record)


class Pieces:
    """A partition that a consumer hands over in pieces."""

    def __init__(self, pieces: list[list[Any]]) -> None:
        self.pieces, self.at = pieces, 0

    def assign(self, _pairs: Any) -> None: ...

    def seek(self, _pair: Any, _offset: int) -> None: ...

    async def getmany(self, **_how: Any) -> dict[TopicPartition, list[Any]]:
        piece = self.pieces.pop(0)
        self.at = piece[-1].offset + 1
        return {TopicPartition(TOPIC, 0): piece}

    async def position(self, _pair: Any) -> int:
        return self.at


def record(signer: Signatures, offset: int, key: bytes, *, forged: bool = False) -> Any:
    value = b"%d" % offset
    mac = b"x" * 16 if forged else signer._mac(TOPIC, key, value)
    return SimpleNamespace(offset=offset, key=key, value=value, timestamp=1_000 + offset, headers=((HEADER, mac),))


async def test_of_one_customer_only_their_signatures_are_checked_and_those_that_tell_the_time() -> None:
    signer = Counting(b"k" * 32, [TOPIC], since=0)
    first = [record(signer, n, MINE if n == 7 else ANOTHER, forged=n == 0) for n in range(50)]
    second = [record(signer, n, MINE if n in {60, 61} else ANOTHER, forged=n == 61) for n in range(50, 100)]
    reader = LogReader("127.0.0.1:1")
    reader._signatures, reader._consumer = signer, Pieces([first, second])

    found = [(at, [each.offset for each in records]) async for at, records in reader.read_of(TOPIC, 0, 0, 70, MINE)]

    assert found == [(1_001, [7]), (1_050, [60])], "what is forged tells neither what happened nor when"
    assert signer.checked == 2 + 1 + 1 + 2
