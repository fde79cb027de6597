"""What an owned partition needs of the service that owns it."""

from __future__ import annotations

from typing import Protocol

from stamgast.log.producers import Emitters
from stamgast.state.nodes import Redis
from streams.metrics import Metrics
from streams.runtime.cluster import ClusterFacts
from streams.runtime.suspects import Turns


class Surroundings(Protocol):
    """What a partition needs of its service."""

    bootstrap: str
    redis: Redis
    emitters: Emitters
    cluster: ClusterFacts
    metrics: Metrics
    turns: Turns

    def broke(self, error: BaseException) -> None:
        """Learn that something happened that should never happen."""
        ...
