"""What a process that carries the small job is told on its command line. Standard library only."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """`events` is how many to carry before telling the result."""

    bootstrap: str
    redis_url: str
    topic: str
    out: str
    group: str
    events: int
    partitions: int
    folder: str

    def as_dict(self) -> dict[str, Any]:
        """For the command line."""
        return asdict(self)

    @classmethod
    def from_command_line(cls) -> Settings:
        """The other end of `as_dict`."""
        return cls(**json.loads(sys.argv[1]))
