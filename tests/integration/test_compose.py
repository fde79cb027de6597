"""docker-compose.yml's Kafka and Valkey, started by its own words without Docker: who has the password comes in."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from stamgast.local.kafka_jars import JarKafka, _run, fetch_jars
from stamgast.local.processes import ChildProcess, free_port, port_answers
from stamgast.local.redis_server import find_program
from tests.conftest import RUN_DIR
from tests.integration.deployment import STAMGAST

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KEY = "A" * 43 + "="
ENV = {
    "VALKEY_PASSWORD": "of-valkey",
    "KAFKA_WEB_PASSWORD": "of-web",
    "KAFKA_WORKER_PASSWORD": "of-worker",
    "KAFKA_COMMANDS_PASSWORD": "of-commands",
    "STAMGAST_ID_KEY": KEY,
    "STAMGAST_WRAPPING_KEYS": f"2026a:{KEY}",
    "STAMGAST_SIGNED_SINCE": "2026-01-01T00:00:00Z",
    "STAMGAST_ALL_SIGNED_SINCE": "2026-01-01T00:00:00Z",
    "STAMGAST_PROVEN_SINCE": "2026-01-01T00:00:00Z",
    "STAMGAST_PARTITIONS": "2",
}


def filled_in(text: str) -> str:
    """As Compose fills in variables."""
    found = re.sub(r"(?<!\$)\$\{(\w+)(?::?[-?]([^}]*))?\}", lambda m: ENV.get(m[1], m[2] or ""), text)
    return found.replace("$$", "$")


class Compose:
    """Its services, at addresses of this machine in place of names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {each: free_port() for each in ("kafka:9092", "localhost:19092", "localhost:9093", "valkey:6379")}
        self._services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    def moved(self, text: str) -> str:
        for name, port in self.ports.items():
            text = text.replace(name, f"127.0.0.1:{port}")
        return text.replace("0.0.0.0:9092", f"127.0.0.1:{self.ports['kafka:9092']}")

    def environment(self, service: str) -> dict[str, str]:
        given: Mapping[str, Any] = self._services[service]["environment"]
        return {name: self.moved(filled_in(str(value))) for name, value in given.items()}

    def script(self, service: str) -> str:
        return filled_in(self._services[service]["command"][0])

    def command(self, service: str, *words: str, **other: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | self.environment(service) | other
        return subprocess.run(
            [*STAMGAST, *words], env=env, cwd=self.folder, capture_output=True, text=True, check=False
        )


class ComposeKafka(JarKafka):
    def __init__(self, jars: Path, compose: Compose) -> None:
        super().__init__(jars, compose.folder / "kafka", compose.ports["kafka:9092"])
        self._compose = compose

    def _format(self) -> None:
        self._folder.mkdir(parents=True)
        settings = {_property(name): value for name, value in self._compose.environment("kafka").items()}
        settings["log.dirs"] = str(self._folder / "data")
        file = self._folder / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self.tool("kafka.tools.StorageTool", "format", "--cluster-id=MkU3OEVBNTcwNTJENDM2Qg", "-c", str(file))

    def tool(self, name: str, *words: str) -> None:
        _run(["java", "-cp", f"{self._jars}/*", name, *words], seconds=60)


def _property(variable: str) -> str:
    """As the image reads its variables."""
    words = variable.removeprefix("KAFKA_").lower()
    return words.replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")


@pytest.fixture
def compose(tmp_path: Path) -> Iterator[Compose]:
    if why := JarKafka.why_not():
        pytest.skip(why)
    made = Compose(tmp_path)
    kafka = ComposeKafka(fetch_jars(RUN_DIR), made)
    script = made.script("valkey").replace("docker-entrypoint.sh valkey-server", find_program())
    script = script.replace("/tmp/users.acl", f"{tmp_path}/users.acl").replace("/data", str(tmp_path))
    script = script.replace("chown valkey", "ls").replace(
        "--appendonly", f"--port {made.ports['valkey:6379']} --appendonly"
    )
    valkey = ChildProcess("valkey", ["/bin/sh", "-ec", script], log=tmp_path / "v.log", env=made.environment("valkey"))
    try:
        kafka.start()
        for user, password in re.findall(r'give (\w+) "\$(\w+)"', made.script("users")):
            words = ("--bootstrap-server", made.moved("localhost:19092"), "--alter", "--entity-type", "users")
            secret = made.environment("users")[password]
            add = ("--entity-name", user, "--add-config", f"SCRAM-SHA-512=[password={secret}]")
            kafka.tool("kafka.admin.ConfigCommand", *words, *add)
        valkey.wait_until(lambda: port_answers(made.ports["valkey:6379"]), seconds=60)
        yield made
    finally:
        valkey.kill()
        kafka.kill()


def test_who_has_the_password_comes_in_and_nobody_else(compose: Compose):
    refused = compose.command("topics", "topics", "create", STAMGAST_KAFKA_PASSWORD="a guess")
    assert refused.returncode == 1
    assert compose.command("topics", "topics", "create").returncode == 0
    (compose.folder / "config").symlink_to(ROOT / "config")
    for words in (
        ("publish",),
        ("keys", "create", "bakkerij-noord"),
        ("rebuild",),
        ("verify",),
        ("rebuild", "--empty"),
    ):
        done = compose.command("stamgast", *words)
        assert done.returncode == 0, (words, done.stderr)
    address = compose.moved("redis://stamgast:a-guess@valkey:6379/0")
    assert compose.command("stamgast", "verify", STAMGAST_REDIS_URL=address).returncode == 1
    for service in ("web", "worker"):
        assert compose.command(service, "topics", "create").returncode == 0
