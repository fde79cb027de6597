"""What is written to a connection leaves in as few pieces as there is something to say."""

import asyncio
from typing import Any

import pytest

from stamgast.web.one_write import OneWrite

HEAD = b"HTTP/1.1 202 Accepted\r\ncontent-length: 4\r\n\r\n"


class Wire(asyncio.Transport):
    """Notes what reaches it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def write(self, data: Any) -> None:
        self.told.append(bytes(data))

    def close(self) -> None:
        self.told.append("closed")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([HEAD, b"body"], [HEAD + b"body"]),
        ([HEAD, b""], [HEAD]),
        ([HEAD, b"bo", b"dy"], [HEAD + b"bo", b"dy"]),
        ([HEAD, HEAD, b"x"], [HEAD + HEAD, b"x"]),
        ([HEAD, b"x" * 100_000], [HEAD, b"x" * 100_000]),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"body"], [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"body"]),
        ([HEAD], [HEAD]),
    ],
)
def test_a_head_waits_for_what_follows_it_and_is_never_lost(written: list[bytes], told: list[bytes]):
    wire = Wire()
    writes = OneWrite(wire)
    for each in written:
        writes.write(each)
    writes.close()
    writes.flush()
    assert wire.told == [*told, "closed"]
