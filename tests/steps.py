"""What a job's step is given, and what it writes."""

from types import SimpleNamespace
from typing import Any

from stamgast.clock.shop_time import RealClock
from stamgast.identity.sealing import WrappingKeys
from stamgast.log.dead_letters import DeadLetterSeal
from stamgast.log.topics import Topics
from streams.runtime.dead_letters import LayingAside
from tests.builders import T0

TOPICS = Topics(4)


def records_of(*pairs: tuple[bytes | None, bytes]) -> list[Any]:
    return [SimpleNamespace(offset=n, timestamp=T0, key=key, value=value) for n, (key, value) in enumerate(pairs)]


def aside() -> LayingAside:
    return LayingAside(TOPICS, DeadLetterSeal(WrappingKeys.parse("test:" + "A" * 43 + "=")), RealClock())


def written(effects: Any) -> dict[str, bytes]:
    """Keys and values of what is to be set."""
    values, words = effects.writes.values, iter(effects.writes.commands)
    commands = [[next(words) for _ in range(count)] for count in words]
    return dict(zip(values[::2], values[1::2], strict=True)) | {c[1]: c[2] for c in commands if c[0] == "SET"}
