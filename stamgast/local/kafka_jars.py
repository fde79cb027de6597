"""Apache Kafka from its Maven jars on a JDK: no image, no root, 54 MB fetched once, up in three seconds."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

from stamgast.local.kafka_config import KAFKA_VERSION, node_properties
from stamgast.local.processes import ChildProcess, ProcessError, free_port, port_answers

_JAVA = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
_QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
_LEAST_JAVA = 17

_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>stamgast</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{KAFKA_VERSION}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
"""


class JarKafka:
    """One Kafka node whose data outlives its restarts, as long as its folder does."""

    title = f"Apache Kafka {KAFKA_VERSION} from its Maven jars"
    kind = "jars"
    restartable = True
    is_kafka = True

    def __init__(self, jars: Path, folder: Path, port: int | None = None) -> None:
        self._jars = jars
        self._folder = folder
        self._port = port or free_port()
        self._controller_port = free_port()
        self._process: ChildProcess | None = None
        self.bootstrap = f"127.0.0.1:{self._port}"
        self.description = f"Apache Kafka {KAFKA_VERSION} (KRaft, Maven jars)"

    @staticmethod
    def why_not() -> str | None:
        """Say what this machine lacks, or None when nothing."""
        return _why_no_java() or (None if shutil.which("mvn") else "there is no `mvn` on PATH")

    @classmethod
    @contextlib.contextmanager
    def running(cls, run_dir: Path, port: int | None = None) -> Iterator[JarKafka]:
        """Run a node while the context is open; its folder is new and is removed at the end."""
        folder = run_dir / f"kafka-{uuid.uuid4().hex[:8]}"
        node = cls(fetch_jars(run_dir), folder, port)
        try:
            node.start()
            yield node
        finally:
            node.kill()
            shutil.rmtree(folder, ignore_errors=True)

    def start(self) -> None:
        """Start on the same address with the same data, and wait until it answers."""
        if not (self._folder / "data").exists():
            self._format()
        properties = str(self._folder / "server.properties")
        command = [*_JAVA, _QUIET, "-cp", f"{self._jars}/*", "kafka.Kafka", properties]
        self._process = ChildProcess("Apache Kafka", command, log=self._folder / "kafka.log")
        self._process.wait_until(lambda: port_answers(self._port), seconds=60)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.stop(seconds=30)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """Let it stand still; its connections stay open."""
        if self._process is not None:
            self._process.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        if self._process is not None:
            self._process.signal(signal.SIGCONT)

    def check(self) -> None:
        """Raise `ProcessError`, with the end of its log, if it has ended."""
        if self._process is not None:
            self._process.check()

    def recreate(self) -> None:
        """Put a new, empty cluster at the same address."""
        self.kill()
        shutil.rmtree(self._folder / "data")
        self.start()

    def _format(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = node_properties(
            port=self._port, controller_port=self._controller_port, log_dir=str((self._folder / "data").resolve())
        )
        file = self._folder / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*_JAVA, _QUIET, "-cp", f"{self._jars}/*", "kafka.tools.StorageTool"]
        _run([*command, "format", f"--cluster-id={cluster}", "-c", str(file)], seconds=60)  # an id may begin with "-"


def fetch_jars(run_dir: Path) -> Path:
    """Return the folder of Kafka's jars, fetched by Maven if it is not there yet (one process at a time)."""
    folder = run_dir / "jars" / f"kafka-{KAFKA_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    complete = folder / "complete"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            (folder / "pom.xml").write_text(_POM)
            goal = "dependency:copy-dependencies"
            _run(["mvn", "-q", "-B", "-f", f"{folder}/pom.xml", goal, "-DoutputDirectory=libs"], seconds=300)
            complete.touch()
    return (folder / "libs").resolve()


def _why_no_java() -> str | None:
    if shutil.which("java") is None:
        return "there is no `java` on PATH"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _LEAST_JAVA:
        return f"`java -version` is not {_LEAST_JAVA} or newer"
    return None


def _run(command: list[str], *, seconds: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProcessError(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise ProcessError(f"`{command[0]}` ended with {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
