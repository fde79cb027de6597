"""Commits that fail in the middle of their script, at each kind of command in turn: built into the workers of a proof."""

from __future__ import annotations

import hashlib
import itertools
import random
from pathlib import Path
from typing import Any

from stamgast.state import partitions
from stamgast.state.errors import RefusedError
from stamgast.state.partitions import Lease, Writes
from stamgast.state.scripts import Script

EVERY = 4
"""So many commits of a service go well between two that fail."""
_WRAPPED = """
local real, count = redis.call, 0
local function call(command, ...)
  if command == '{kind}' then
    count = count + 1
    if count == {nth} then error('broken on purpose at {kind}') end
  end
  return real(command, ...)
end
"""
_HEAD = "local call = redis.call\n"


def broken(kind: str, nth: int) -> Script:
    """The commit's script, with an error out of nowhere at the n-th command of a kind."""
    text = partitions._COMMIT.text.decode()
    assert text.count(_HEAD) == 1
    text = text.replace(_HEAD, _WRAPPED.format(kind=kind, nth=nth))
    return Script(text.encode(), hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def kinds_of(writes: Writes) -> list[str]:
    """The commands of a step, in order, with those that every step has."""
    words = iter(writes.commands)
    found = []
    for count in words:
        found += [str(word) for word in itertools.islice(words, int(count))][:1]
    several = ["HSET", "HSET"] if writes.meta else ["HSET"]
    return [*several, *(["MSET"] if writes.values else []), *found, "HSET", "HDEL"]


class Halves:
    """Breaks a commit now and then; what was broken stands in a file a kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._draw = random.Random(7)
        self._passed = 0

    def next_of(self, service: str, writes: Writes) -> tuple[str, int] | None:
        """What to break of this commit: a kind that was broken less often than the others."""
        self._passed += 1
        if self._passed % EVERY:
            return None
        kinds = kinds_of(writes)
        rarest = min(kinds, key=lambda kind: (self._count(service, kind), self._draw.random()))
        return rarest, self._draw.randint(1, kinds.count(rarest))

    def note(self, service: str, kind: str) -> None:
        """Count one."""
        with (self._folder / f"{service}.{kind}").open("a") as file:
            file.write(".")

    def _count(self, service: str, kind: str) -> int:
        file = self._folder / f"{service}.{kind}"
        return file.stat().st_size if file.exists() else 0


def counted(folder: Path) -> dict[str, int]:
    """Service and kind of command -> how often it was broken."""
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir()) if "." in file.name}


def install(folder: Path) -> None:
    """Let commits fail while the folder holds a file `armed`."""
    halves, commit = Halves(folder), Lease.commit

    async def commits(self: Lease, watermark: int, writes: Writes) -> Any:
        service = "intake" if self.keys.tag.startswith("t") else "customers"
        chosen = halves.next_of(service, writes) if (folder / "armed").exists() else None
        if chosen is None:
            return await commit(self, watermark, writes)
        words = [self.token, self.watermark, watermark, *writes.words()]
        try:
            await self._session.run(broken(*chosen), self._commit_keys, words)
        except RefusedError as error:
            if "broken on purpose" in str(error):
                halves.note(service, chosen[0])
            raise
        raise AssertionError(f"{chosen} was to fail")

    Lease.commit = commits  # type: ignore[method-assign]
