"""Stands for a partition's lease where Redis is a dict that a test fills."""

from collections.abc import Mapping, Sequence
from typing import Any

from stamgast.state import keys
from stamgast.state.partitions import Lease
from stamgast.state.session import Word


class MemoryLease(Lease):
    """A lease that is never lost. It reads values; what else is asked of Redis a test answers by command."""

    def __init__(
        self,
        names: keys.PartitionKeys | None = None,
        stored: Mapping[str, bytes] | None = None,
        *,
        meta: dict[str, str] | None = None,
        answers: Mapping[str, Any] | None = None,
        elsewhere: Any = None,
    ) -> None:
        nowhere: Any = None
        super().__init__(
            nowhere, nowhere, names or keys.customers(0), redis_run="run", token="token", meta=dict(meta or {})
        )
        self.stored: Mapping[str, bytes] = stored or {}
        self.answers: dict[str, Any] = dict(answers or {})
        """Command -> what Redis answers to it."""
        self.elsewhere = elsewhere
        """What another partition's field holds, whichever is looked at."""

    async def read(self, keys: Sequence[Word], *commands: Sequence[Word]) -> list[Any]:
        """As `Lease` does."""
        return [self.stored.get(str(key)) for key in keys] + [
            self.answers.get(str(command[0]), _nothing(command)) for command in commands
        ]

    async def call(self, *words: Word) -> Any:
        """As `Lease` does."""
        return self.answers[str(words[0])]

    async def look_elsewhere(self, *words: Word) -> Any:
        """As `Lease` does: one value, or as many as are asked for."""
        return [self.elsewhere for _ in words[2:]] if words[0] == "HMGET" else self.elsewhere


def _nothing(command: Sequence[Word]) -> list[Any]:
    """What a Redis without that key answers."""
    return [None] * (len(command) - 2) if command[0] == "HMGET" else []
