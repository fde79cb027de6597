"""The benchmarks still run. No time is asserted here: figures are taken by `make bench` on a quiet machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer

ROOT = Path(__file__).parents[2]
NAMES = ("serializer", "small_job", "customers", "intake", "latency", "memory", "clv", "growth")

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


def test_every_benchmark_that_needs_nothing_installed_runs_and_verifies_its_result(
    kafka: Broker, redis_server: RedisServer
) -> None:
    env = os.environ | {"STAMGAST_KAFKA_BOOTSTRAP": kafka.bootstrap, "STAMGAST_REDIS_URL": redis_server.url}
    command = [sys.executable, "-m", "benchmarks", "--quick", "--no-peers", *NAMES]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [json.loads(line.removeprefix("BENCH ")) for line in done.stdout.splitlines() if line.startswith("BENCH ")]
    told = {line["name"] for line in lines}
    assert {
        "small_job",
        "customers_service",
        "intake",
        "latency_send_call_p50",
        "memory_customer",
        "clv_fit_seconds",
    } <= told
    assert all({"name", "value", "unit", "peer", "peer_value", "ratio"} == line.keys() for line in lines)
