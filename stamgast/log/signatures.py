"""Records that are believed are signed: a header holds a MAC (keyed BLAKE2b) over topic, key and value.

Whoever may write to a topic of ours can still write, and what they write is passed over. A copy of a record of ours
is believed, for it is what we said; so readers do not let an older one undo what is final (a key that was revoked).

A topic that is open to others has records of ours with a signature beside theirs: nothing is passed over there, and
who reads it asks which is which.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Any, Final, TypeVar

from stamgast.clock.since import NEVER, Since
from stamgast.domain.units import Millis
from stamgast.logs import get_logger

log = get_logger(__name__)

HEADER: Final = "mac"
_BYTES: Final = 16
LOG_APPEND_TIME: Final = 1
"""What a record's time is where no sender can set it."""

REFUSED: Final[Counter[str]] = Counter()
"""Topic -> records that were passed over in this process, for its metrics."""

R = TypeVar("R")


def carries_one(record: Any) -> bool:
    """Say whether a record carries a signature, be it ours or not, and nothing beside it."""
    headers = record.headers
    return len(headers) == 1 and headers[0][0] == HEADER


def was_appended_before(record: Any, moment: Millis) -> bool:
    """Say whether Kafka appended a record before this moment, by its own time and not by the sender's."""
    return bool(record.timestamp_type == LOG_APPEND_TIME and record.timestamp < moment)


class UnsignedError(ValueError):
    """A record that nobody of us signed, or one that cannot be signed here."""


class Signatures:
    """Makes and checks them, on the topics that it covers.

    `since`: records without one are believed that Kafka appended before; None: all are, whatever they carry.
    `later_topics` have a moment of their own, `later_since`: they were signed when others already had to be.
    `open_topics` have records of others too, who have to prove from `proven_since` on whose they are.
    """

    def __init__(
        self,
        key: bytes = b"",
        topics: Collection[str] = (),
        since: Millis | None = None,
        *,
        later_topics: Collection[str] = (),
        later_since: Millis | None = None,
        open_topics: Collection[str] = (),
        proven_since: Since = NEVER,
    ) -> None:
        self._key = key
        self._since = dict.fromkeys(topics, since) | dict.fromkeys(later_topics, later_since)
        self._begun = {
            topic: blake2b(b"%d:%b" % (len(topic), topic.encode()), key=key, digest_size=_BYTES)
            for topic in (*topics, *later_topics, *open_topics)
        }
        self.proven_since = proven_since
        self._is_asked = since is not None or later_since is not None or bool(proven_since)

    def checks(self, topic: str) -> bool:
        """Say whether records of this topic are looked at."""
        return self._since.get(topic) is not None

    def headers(self, topic: str, key: bytes | None, value: bytes | None) -> list[tuple[str, bytes]]:
        """What a record is sent with. Raises `UnsignedError` where it would not be believed."""
        if topic not in self._begun:
            return []
        if not self._key:
            if not self._is_asked:
                return []
            raise UnsignedError(f"records on {topic} are signed, and STAMGAST_ID_KEY is missing")
        return [(HEADER, self._mac(topic, key, value))]

    def believed(self, topic: str, records: Iterable[R]) -> list[R]:
        """Those that are; the others are noted and passed over."""
        if not self.checks(topic):
            return list(records)
        return [record for record in records if self.believes(topic, record)]

    def believes(self, topic: str, record: Any) -> bool:
        """Say whether we wrote this record, or it stood there before records were signed; else it is noted."""
        good = (
            self.is_ours(topic, record) if carries_one(record) else was_appended_before(record, self._since[topic] or 0)
        )
        if not good:
            REFUSED[topic] += 1
            log.warning("a record that we did not sign is passed over", topic=topic, offset=record.offset)
        return good

    def is_ours(self, topic: str, record: Any) -> bool:
        """Say whether the signature that a record carries is ours."""
        return hmac.compare_digest(record.headers[0][1] or b"", self._mac(topic, record.key, record.value))

    def _mac(self, topic: str, key: bytes | None, value: bytes | None) -> bytes:
        begun = self._begun[topic].copy()
        begun.update(b"-" if key is None else b"%d:%b" % (len(key), key))
        begun.update(b"-" if value is None else b":")
        begun.update(value or b"")
        return begun.digest()


UNSIGNED: Final = Signatures()
"""What signs nothing and believes everything."""
