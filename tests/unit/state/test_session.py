"""What is told to Redis has no one to hear the answer, and puts nobody else's answer out of place."""

import asyncio
from typing import Any

from stamgast.state.errors import NoWritesError, RefusedError
from stamgast.state.session import Session


class Line(asyncio.Transport):
    """Takes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass


async def test_what_is_told_leaves_in_its_turn_and_its_answer_is_passed_over():
    said: list[RefusedError] = []
    session, line = Session(10, ("redis", 6379), lambda _, error: said.append(error)), Line()
    session.tell("SET", "early", 1)  # there is no connection yet: it is lost
    session.connection_made(line)
    before = session.call("GET", "a")
    session.tell("SET", "b", 1, "NX")
    session.tell("SET", "c", 1, "NX")
    after = session.call("GET", "d")
    await asyncio.sleep(0)
    assert b"".join(line.sent).count(b"SET") == 2
    session.data_received(b"$1\r\nA\r\n-OOM command not allowed\r\n+OK\r\n$1\r\nD\r\n")
    assert (await before, await after) == (b"A", b"D")
    assert [type(each) for each in said] == [NoWritesError], "a write that was not taken is known all the same"
    session.tell("SET", "e", 1)
    session.connection_lost(None)
    assert not session.alive
