"""What runs for ever ends when it is told to, whatever the libraries that it calls make of that."""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.tail import Tail
from stamgast.log.topics import Topics
from stamgast.state import keys
from stamgast.state.nodes import Redis
from streams.metrics import Metrics
from streams.runtime.cluster import ClusterFacts
from streams.runtime.ownership import Ownership
from streams.runtime.suspects import Turns
from tests.conftest import eventually


class Deaf:
    """Waits like `asyncio.wait_for` of Python 3.11 at its worst moment: the cancellation is taken in and not told."""

    def __init__(self) -> None:
        self.waiting = False

    async def wait(self) -> None:
        self.waiting = True
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


class DeafView:
    """A view that is always whole."""

    def __init__(self, deaf: Deaf) -> None:
        self._deaf = deaf
        self.is_open = False

    async def positions(self) -> dict[tuple[str, int], int]:
        return {}

    async def apply(self, *_: Any) -> None:
        """There is nothing to read."""

    async def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    async def intact(self) -> bool:
        await self._deaf.wait()
        return True


async def test_a_view_is_no_longer_followed_though_redis_kept_the_cancellation_to_itself(
    kafka: Broker, topics: Topics
) -> None:
    deaf = Deaf()
    view = DeafView(deaf)
    following = asyncio.create_task(Tail(kafka.bootstrap, {topics.api_keys: 1}, view, name="test").run())
    await eventually(lambda: deaf.waiting)
    assert view.is_open
    following.cancel()
    await eventually(following.done, seconds=60)
    assert following.cancelled()
    assert not view.is_open


class DeafJob:
    """A job whose taking of a partition never ends by itself."""

    name = "deaf"
    begins_late = False

    def __init__(self, deaf: Deaf, topic: str) -> None:
        self.topic = topic
        self._deaf = deaf

    def keys(self, partition: int) -> keys.PartitionKeys:
        return keys.transactions(partition)

    async def taken(self, *_: Any) -> None:
        await self._deaf.wait()

    def released(self, _owned: Ownership[None, None]) -> None:
        """There is nothing to stop."""


class Nowhere:
    """A consumer's side of a partition on which nothing was committed."""

    async def committed(self, _pair: Any) -> int | None:
        return None

    def seek(self, *_: Any) -> None:
        """Nothing will be fetched."""

    def resume(self, *_: Any) -> None:
        """Nothing will be fetched."""


async def test_a_partition_is_given_up_though_redis_kept_the_cancellation_to_itself(
    kafka: Broker, topics: Topics, redis_server: RedisServer
) -> None:
    deaf, state = Deaf(), Redis(redis_server.url)
    await (await state.session()).call("FLUSHALL")  # other tests leave partitions of other topics there
    around: Any = SimpleNamespace(
        bootstrap=kafka.bootstrap, redis=state, emitters=None, metrics=Metrics(),
        cluster=ClusterFacts(kafka.bootstrap, topics), broke=lambda error: None, turns=Turns(),
    )  # fmt: skip
    job: Any = DeafJob(deaf, topics.purchases)
    owned = Ownership(0, job, Nowhere(), around)
    owned.start()
    await eventually(lambda: deaf.waiting)
    giving_up = asyncio.create_task(owned.give_up(0.1))
    await eventually(giving_up.done, seconds=60)
    state.close()
