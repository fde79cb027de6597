"""Tells operators of records that were laid aside: counted per topic, and in the log, which spares what repeats."""

from __future__ import annotations

from typing import Any

import msgspec
from prometheus_client import Counter

from stamgast.domain.errors import UNREADABLE
from stamgast.log.dead_letters import Stored
from stamgast.logs import get_logger

log = get_logger(__name__)

_decode = msgspec.json.Decoder(Stored).decode


def watch_dead_letters(app: Any, topic: str, seen: Counter) -> None:
    """Let the Faust app read the dead letters' topic. One may be counted twice after a restart."""
    # Topic and agent are named: Faust would otherwise make a topic of the module's name.
    letters = app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")

    async def tell(stream: Any) -> None:
        async for value in stream:
            try:
                letter = _decode(value or b"")
            except UNREADABLE:
                log.error("a dead letter cannot be read")
                continue
            if letter.sealed:
                seen.labels(letter.topic).inc()
                log.error("dead letter", id=letter.id, reason=letter.reason)

    app.agent(letters, name="dead-letters")(tell)
