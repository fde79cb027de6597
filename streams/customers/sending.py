"""What the customers service asks of those who work an owned partition's outbox (`streams.outbox.context`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from stamgast.domain.units import Millis
from stamgast.state.outbox import Outbox
from streams.customers.activation_log import ActivationLog
from streams.customers.writes import Written
from streams.runtime.job import OwnedPartition


class Sending(Protocol):
    """Works the outbox of one owned partition (`streams.outbox.context`)."""

    async def open(self) -> None:
        """Begin: the partition has caught up."""
        ...

    def committed(self, written: Written, cancelled: Sequence[str]) -> None:
        """Learn what a step added, finished and cancelled."""
        ...

    async def count(self) -> None:
        """Bring the figure of what is not finished up to date. Raises StateError."""
        ...

    def close(self) -> None:
        """Begin nothing more."""
        ...


class OpensSending(Protocol):
    """Makes what works an owned partition's outbox."""

    @property
    def first_look(self) -> Millis:
        """Milliseconds from a doubt to its first look-up."""
        ...

    def partition(self, owned: OwnedPartition, outbox: Outbox, activations: ActivationLog) -> Sending:
        """Make it; it begins with `open`."""
        ...
