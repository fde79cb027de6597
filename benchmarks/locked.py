"""A broker that was given, with what lets in there: the settings of this machine have it, for child processes too."""

from __future__ import annotations

from stamgast.broker import kafka_of
from stamgast.settings import Settings


def with_locks(bootstrap: str) -> str:
    """The address as our clients need it."""
    return kafka_of(Settings(kafka_bootstrap=bootstrap))
