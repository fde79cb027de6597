"""A port that somebody else has ends a command with a sentence that says which port, why, and what chooses another."""

import base64
import os
import socket
import subprocess
import sys

import pytest

RUN = "from stamgast.cli import main; main()"
KEY = base64.b64encode(b"k" * 32).decode()
ENV = {
    "STAMGAST_ID_KEY": KEY,
    "STAMGAST_WRAPPING_KEYS": f"a:{KEY}",
    "STAMGAST_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "STAMGAST_REDIS_URL": "redis://127.0.0.1:1/0",
}


@pytest.mark.parametrize(
    ("command", "setting", "told"),
    [
        ("worker", "STAMGAST_METRICS_PORT", "STAMGAST_METRICS_PORT"),
        ("web --port", "", "--port"),
        ("web --port 0", "STAMGAST_WEB_METRICS_PORT", "STAMGAST_WEB_METRICS_PORT"),
        ("sandbox --port", "", "--port"),
        ("services --kafka-port", "", "--kafka-port"),
        ("services --redis-port", "", "--redis-port"),
    ],
)
def test_a_taken_port_is_told_in_a_sentence(command, setting, told, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = [*command.split(), *(() if setting else (port,))]
        env = {name: value for name, value in os.environ.items() if not name.startswith("STAMGAST_")} | ENV
        done = subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            env=env | ({setting: port} if setting else {}), cwd=tmp_path, capture_output=True, text=True, timeout=180,
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"stamgast: cannot listen on 127.0.0.1:{port}: Address already in use (" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
