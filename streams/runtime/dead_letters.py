"""What cannot be applied goes to the dead letters, sealed, and the partition goes on."""

from __future__ import annotations

from stamgast.clock.shop_time import Clock
from stamgast.log.dead_letters import DeadLetter, DeadLetterSeal
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from streams.runtime.emission import Emission
from streams.runtime.job import Record

log = get_logger(__name__)


class LayingAside:
    """Makes dead letters of records."""

    def __init__(self, topics: Topics, seal: DeadLetterSeal, clock: Clock) -> None:
        self._topics = topics
        self._seal = seal
        self._clock = clock

    def letter(self, topic: str, partition: int, record: Record, reason: str) -> Emission:
        """Return the record to emit for one that cannot be applied. `reason` names no person."""
        log.warning("laid aside", topic=topic, partition=partition, offset=record.offset, why=reason)
        letter = DeadLetter(topic, partition, record.offset, record.key, record.value, reason, self._clock.now())
        key, value = self._seal.encode(letter)
        return Emission(self._topics.dead_letters, 0, key, value or b"")
