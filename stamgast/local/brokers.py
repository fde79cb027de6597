"""Which broker runs, and how tests make it fail."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from stamgast.local.embedded import embedded_broker
from stamgast.local.kafka_docker import DockerKafka
from stamgast.local.kafka_jars import JarKafka
from stamgast.local.processes import ChildProcess, ProcessError

Say = Callable[[str], None]


class ServiceError(RuntimeError):
    """This broker or Redis cannot do what was asked of it."""


class Broker(Protocol):
    """A Kafka-compatible broker that is running."""

    @property
    def kind(self) -> str:
        """`external`, `docker`, `jars` or `embedded`."""
        ...

    @property
    def bootstrap(self) -> str:
        """Its address, host:port; the same after every restart."""
        ...

    @property
    def description(self) -> str:
        """What it is, for people."""
        ...

    @property
    def restartable(self) -> bool:
        """Say whether `stop`, `kill`, `start`, `pause` and `recreate` work."""
        ...

    @property
    def is_kafka(self) -> bool:
        """Say whether groups, topic settings and idempotent producers are dependable."""
        ...

    def start(self) -> None:
        """Start again on the same address with the same data, and wait until it answers."""
        ...

    def stop(self) -> None:
        """End it in order."""
        ...

    def kill(self) -> None:
        """End it as a crash would."""
        ...

    def pause(self) -> None:
        """Let it stand still; its connections stay open."""
        ...

    def go_on(self) -> None:
        """End a pause."""
        ...

    def recreate(self) -> None:
        """Put a new, empty cluster at the same address."""
        ...

    def check(self) -> None:
        """Raise `ProcessError` if it has ended by itself, as far as that can be told from here."""
        ...


class FixedBroker:
    """A broker that is not ours to stop: somebody else's, or the embedded one, whose memory is all it has."""

    restartable = False

    def __init__(self, kind: str, bootstrap: str, description: str, process: ChildProcess | None = None) -> None:
        self._process = process
        self.kind = kind
        self.bootstrap = bootstrap
        self.description = description
        self.is_kafka = kind != "embedded"

    def start(self) -> None:
        """Refuse: a broker that was given runs elsewhere."""
        self._refuse()

    def stop(self) -> None:
        """Refuse."""
        self._refuse()

    def kill(self) -> None:
        """Refuse."""
        self._refuse()

    def pause(self) -> None:
        """Refuse."""
        self._refuse()

    def go_on(self) -> None:
        """Refuse."""
        self._refuse()

    def recreate(self) -> None:
        """Refuse."""
        self._refuse()

    def check(self) -> None:
        """Raise `ProcessError` if the embedded one has ended; somebody else's is not watched."""
        if self._process is not None:
            self._process.check()

    def _refuse(self) -> None:
        raise ServiceError(f"{self.description} cannot be stopped and started from here")


@contextlib.contextmanager
def open_broker(
    run_dir: Path, *, bootstrap: str | None = None, port: int | None = None, say: Say = lambda _line: None
) -> Iterator[Broker]:
    """Run the best broker that this machine allows, and say which one and why while the context is open."""
    with contextlib.ExitStack() as stack:
        broker = _given(bootstrap) or _real_kafka(stack, run_dir, port, say) or _embedded(stack, run_dir, port)
        say(f"broker: {broker.description} at {broker.bootstrap}")
        yield broker


def _given(bootstrap: str | None) -> Broker | None:
    return FixedBroker("external", bootstrap, "the broker of STAMGAST_KAFKA_BOOTSTRAP") if bootstrap else None


class _Variant(Protocol):
    title: str

    def why_not(self) -> str | None: ...

    def running(self, run_dir: Path, port: int | None, /) -> contextlib.AbstractContextManager[Broker]: ...


_VARIANTS: tuple[_Variant, ...] = (DockerKafka, JarKafka)


def _real_kafka(stack: contextlib.ExitStack, run_dir: Path, port: int | None, say: Say) -> Broker | None:
    for variant in _VARIANTS:
        reason = variant.why_not()
        if reason is None:
            try:
                return stack.enter_context(variant.running(run_dir, port))
            except ProcessError as error:
                reason = str(error)
        say(f"broker: not {variant.title}: {reason}")
    return None


def _embedded(stack: contextlib.ExitStack, run_dir: Path, port: int | None) -> Broker:
    embedded = stack.enter_context(embedded_broker(run_dir, port=port))
    return FixedBroker(
        "embedded", embedded.address, "the embedded broker (Tansu, memory only, one worker)", embedded.process
    )
