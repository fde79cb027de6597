"""Kafka's address, and with it what its clients need there: so that none can be opened without."""

from __future__ import annotations

from typing import Any, Self

from stamgast.log.locks import Locks
from stamgast.log.signatures import UNSIGNED, Signatures

_OPEN = Locks()


class KafkaAddress(str):
    """`host:port`, several by comma, passed on as the plain address is (which trials and tests have)."""

    __slots__ = ("locks", "signatures")

    locks: Locks
    signatures: Signatures

    def __new__(cls, address: str, signatures: Signatures = UNSIGNED, locks: Locks = _OPEN) -> Self:
        """Make it of a plain one."""
        made = super().__new__(cls, address)
        made.signatures, made.locks = signatures, locks
        return made

    def __deepcopy__(self, _memo: object) -> Self:
        """Itself: it never changes, and clients copy the settings that they were given."""
        return self


def signatures_at(bootstrap: str) -> Signatures:
    """What records are signed with that go to this address, and checked with that come from it."""
    return bootstrap.signatures if isinstance(bootstrap, KafkaAddress) else UNSIGNED


def locks_at(bootstrap: str) -> Locks:
    """What lets in there."""
    return bootstrap.locks if isinstance(bootstrap, KafkaAddress) else _OPEN


def aiokafka_at(bootstrap: str) -> dict[str, Any]:
    """Where aiokafka's clients go, and with what."""
    return {"bootstrap_servers": str(bootstrap), **locks_at(bootstrap).for_aiokafka()}


def kafka_python_at(bootstrap: str) -> dict[str, Any]:
    """Where kafka-python's clients go, and with what."""
    return {"bootstrap_servers": bootstrap.split(","), **locks_at(bootstrap).for_kafka_python()}
