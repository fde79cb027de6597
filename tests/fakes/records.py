"""Stands for a record as a consumer hands it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from stamgast.domain.units import Millis
from tests.builders import T0


@dataclass
class LogRecord:
    """A record of a log: `streams.runtime.job.Record` and `stamgast.state.views.LogRecord`."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: Millis = T0
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp_type: int = 1
    """Kafka's own time, which no sender can set."""


def log_of(values: Sequence[bytes], *, start: int = 0, key: bytes | None = None) -> list[LogRecord]:
    """Values as they stand one behind the other in a log."""
    return [LogRecord(start + number, value, key) for number, value in enumerate(values)]
