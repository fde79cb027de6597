"""Apache Kafka's official image on a Docker engine."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from stamgast.local.kafka_config import KAFKA_VERSION, node_properties
from stamgast.local.processes import ProcessError, free_port

_IMAGE = f"apache/kafka:{KAFKA_VERSION}"
_CONTROLLER_PORT = 29093
_DATA = "/tmp/kafka"  # noqa: S108  inside the container
_ANY = "0.0.0.0"  # noqa: S104  inside the container; published on loopback only


class DockerKafka:
    """One Kafka node in a container; its data lives as long as the container, which is removed at the end."""

    title = f"{_IMAGE} on Docker"
    kind = "docker"
    restartable = True
    is_kafka = True

    def __init__(self, port: int | None = None) -> None:
        self._port = port or free_port()
        self._name = f"stamgast-kafka-{self._port}"
        self.bootstrap = f"127.0.0.1:{self._port}"
        self.description = f"Apache Kafka {KAFKA_VERSION} (KRaft, Docker)"

    @staticmethod
    def why_not() -> str | None:
        """Say what this machine lacks, or None when nothing."""
        if shutil.which("docker") is None:
            return "there is no `docker` on PATH"
        try:
            _docker("info", seconds=10)
        except ProcessError:
            return "no Docker engine answers"
        return None

    @classmethod
    @contextlib.contextmanager
    def running(cls, _run_dir: Path, port: int | None = None) -> Iterator[DockerKafka]:
        """Run a container while the context is open."""
        node = cls(port)
        try:
            node.create()
            yield node
        finally:
            with contextlib.suppress(ProcessError):
                _docker("rm", "--force", "--volumes", node._name)

    def create(self) -> None:
        """Make the container, start it and wait until it answers."""
        settings = node_properties(port=self._port, controller_port=_CONTROLLER_PORT, log_dir=_DATA, listen_on=_ANY)
        variables = [f"--env=KAFKA_{name.upper().replace('.', '_')}={value}" for name, value in settings.items()]
        publish = f"--publish=127.0.0.1:{self._port}:{self._port}"
        _docker("run", "--detach", f"--name={self._name}", publish, *variables, _IMAGE, seconds=300)
        self._wait()

    def start(self) -> None:
        """Start on the same address with the same data, and wait until it answers."""
        _docker("start", self._name)
        self._wait()

    def stop(self) -> None:
        """End it in order."""
        _docker("stop", "--time=30", self._name, seconds=40)

    def kill(self) -> None:
        """End it as a crash would."""
        _docker("kill", self._name)

    def pause(self) -> None:
        """Let it stand still; its connections stay open."""
        _docker("pause", self._name)

    def go_on(self) -> None:
        """End a pause."""
        _docker("unpause", self._name)

    def check(self) -> None:
        """Raise `ProcessError` if the container has ended or is gone."""
        if _docker("inspect", "--format={{.State.Running}}", self._name).strip() == "false":
            raise ProcessError(f"the container {self._name} has ended.\n{_docker('logs', '--tail=15', self._name)}")

    def recreate(self) -> None:
        """Put a new, empty cluster at the same address."""
        _docker("rm", "--force", "--volumes", self._name)
        self.create()

    def _wait(self) -> None:
        # Docker's proxy accepts connections before Kafka does, so ask Kafka's own tool.
        deadline = time.monotonic() + 60
        tool = "/opt/kafka/bin/kafka-broker-api-versions.sh"
        while True:
            try:
                _docker("exec", self._name, tool, "--bootstrap-server", f"127.0.0.1:{self._port}", seconds=20)
            except ProcessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return


def _docker(*arguments: str, seconds: float = 60) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProcessError(f"docker {arguments[0]}: {error}") from error
    if done.returncode != 0:
        raise ProcessError(f"`docker {arguments[0]}` ended with {done.returncode}: {done.stderr[-600:]}")
    return done.stdout
