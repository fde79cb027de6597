"""Which Kafka this is, asked off the loop and at most once a second however many partitions are taken at once; and
whether it is there at all.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from stamgast.clock.pauses import pause_after
from stamgast.log.address import aiokafka_at
from stamgast.log.topics import Cluster, MissingTopicsError, Topics, TopicsError, check_topics
from stamgast.logs import get_logger

log = get_logger(__name__)

_FRESH_S = 1.0
_ASK_EVERY_S: Final = 0.5


async def wait_for_a_broker(bootstrap: str) -> None:
    """Wait until Kafka names a broker that works.

    While all of them are fenced (they just started, or were starved) it answers and names none. A consumer of
    aiokafka's that begins then never comes to its group, and waits for it for ever.
    """
    failures = 0
    while True:
        client = AIOKafkaClient(**aiokafka_at(bootstrap))
        try:
            await client.bootstrap()
            if client.cluster.brokers():
                return
        except KafkaError:
            pass  # aiokafka has logged that it is away
        finally:
            await client.close()
        failures += 1
        await asyncio.sleep(pause_after(failures, first_s=_ASK_EVERY_S))


async def wait_for_topics(bootstrap: str, topics: Topics) -> None:
    """Wait until all topics are there, and say once what a person has to do for it.

    Clients that begin before them say ten times a second that a topic was not found, and never what to do.
    """
    said = ""
    while True:
        try:
            await asyncio.to_thread(check_topics, bootstrap, topics)
        except MissingTopicsError as error:
            if str(error) != said:
                said = str(error)
                log.warning("waiting for the topics", why=said)
            await asyncio.sleep(_ASK_EVERY_S)
        except TopicsError:
            return  # whoever takes a partition asks as well, and says it
        else:
            return


class ClusterFacts:
    """The cluster's and the topics' ids, which a recreated broker does not have in common with the old one."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._asking = asyncio.Lock()
        self._known: Cluster | None = None
        self._known_at = float("-inf")

    async def now(self) -> Cluster:
        """Ask Kafka. Raises TopicsError if it does not answer, or its topics are not ours."""
        async with self._asking:
            if self._known is None or time.monotonic() - self._known_at > _FRESH_S:
                self._known = await asyncio.to_thread(check_topics, self._bootstrap, self._topics)
                self._known_at = time.monotonic()
            return self._known
