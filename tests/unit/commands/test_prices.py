"""`stamgast prices --every` runs until it is told to end, whoever is away, and says what is wrong with its words."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from stamgast.local.processes import free_port
from tests.conftest import eventually

RUN = "from stamgast.cli import main; main()"
KEY = base64.b64encode(b"k" * 32).decode()
AWAY = {
    "STAMGAST_ID_KEY": KEY,
    "STAMGAST_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "STAMGAST_TWILIO_ACCOUNT_SID": "ACsandbox00000000000000000000000001",
    "STAMGAST_TWILIO_API_KEY": "SKsandbox1",
    "STAMGAST_TWILIO_API_SECRET": "secret",
    "STAMGAST_TWILIO_BASE_URL": "http://127.0.0.1:1",
}


def environment(more: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("STAMGAST_")} | more


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and where its figures are."""
    port = str(free_port())
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "prices", "--every", "6 hours"],
        env=environment({**request.param, "STAMGAST_METRICS_PORT": port}), cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def page(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.URLError:
        return ""


@pytest.mark.parametrize(
    ("running", "says"),
    [(AWAY, "stamgast_prices_failures_total 1.0"), ({"STAMGAST_ID_KEY": KEY}, "stamgast_prices_failures_total 0.0")],
    indirect=["running"],
    ids=["Kafka is away", "there is no Twilio account"],
)
async def test_what_is_away_is_a_figure_and_no_end(running: tuple[subprocess.Popen[str], str], says: str) -> None:
    process, url = running

    async def told() -> bool:
        return says in page(f"{url}/metrics")

    await eventually(told, seconds=60, every=0.2, why=says)
    assert "ok" in page(f"{url}/healthz")
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said


@pytest.mark.parametrize(("every", "said"), [("soon", "--every"), ("5 seconds", "--every")])
def test_how_often_is_asked_has_to_be_a_span_of_a_minute_or_more(tmp_path: Path, every: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, "prices", "--every", every],
        env=environment(AWAY), cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
