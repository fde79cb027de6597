"""The commands as people run them: `stamgast keys`, `stamgast web`."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from stamgast.local.processes import ChildProcess, free_port
from stamgast.settings import Settings
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT

RUN = [sys.executable, "-c", "from stamgast.cli import main; main()"]
NAMES = (
    "kafka_bootstrap",
    "redis_url",
    "topic_prefix",
    "partitions",
    "group_prefix",
    "id_key",
    "wrapping_keys",
    "public_url",
)


@pytest.fixture
def env(web_settings: Settings) -> dict[str, str]:
    values = {name: getattr(web_settings, name) for name in NAMES}
    return {
        f"STAMGAST_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    } | {"STAMGAST_LOG_LEVEL": "debug", "STAMGAST_LOG_FORMAT": "json", "STAMGAST_WEB_METRICS_PORT": str(free_port())}


def keys(env: dict[str, str], *words: str) -> tuple[int, Any, str]:
    done = subprocess.run(
        [*RUN, "keys", *words, "--json"], env=env, capture_output=True, text=True, timeout=180, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.mark.slow
def test_keys_are_made_shown_once_listed_and_revoked(env):
    code, first, _ = keys(env, "create", MERCHANT)
    assert code == 0
    assert first["key"].startswith(f"sk_{first['id']}_")
    keys(env, "create", MERCHANT)
    code, refusal, said = keys(env, "create", MERCHANT)
    assert code == 1
    assert "revoke one first" in refusal["error"]
    assert "revoke one first" in said
    assert keys(env, "revoke", MERCHANT, first["id"])[0] == 0
    _, listed, _ = keys(env, "list", MERCHANT)
    assert [bool(key["revoked_at"]) for key in listed["keys"]] == [True, False]
    assert first["key"] not in json.dumps(listed)
    assert keys(env, "create", "Not A Merchant", "--scope", "king")[0] == 2


@pytest.fixture
def process(env: dict[str, str], published: None, empty_redis: Any, tmp_path: Path) -> Iterator[ChildProcess]:
    log = tmp_path / "web.log"
    child = ChildProcess("web", [*RUN, "web", "--port", "0"], log=log, env=env)
    yield child
    child.stop()


async def test_the_web_process_serves_and_ends_in_order_and_logs_nobody(env, process):
    found = await eventually(lambda: re.search(r"http://127.0.0.1:(\d+)/", process.log_tail(100)), seconds=60)
    key = keys(env, "create", MERCHANT)[1]["key"]
    async with httpx.AsyncClient(base_url=found[0], headers={"Authorization": f"Bearer {key}"}) as client:

        async def is_ready() -> bool:
            return (await client.get(f"http://127.0.0.1:{env['STAMGAST_WEB_METRICS_PORT']}/readyz")).status_code == 200

        await eventually(is_ready, seconds=60)
        joining = {"phone": "0612345678", "name": "Jan Zandstra", "email": "jan.zandstra@example.nl"}
        joined = await client.post(f"/v1/merchants/{MERCHANT}/customers", json=joining)
        assert joined.status_code == 201
        await client.post(f"/v1/merchants/{MERCHANT}/customers", json=joining | {"language": "Jan"})
        await client.post(f"/v1/merchants/{MERCHANT}/purchases?phone=0612345678", json={"customer": "Jan"})
    assert process.stop() == 0
    written = process.log.read_text()
    for secret in ("12345678", "Zandstra", "Jan", key[-20:]):
        assert secret not in written
    assert "Traceback" not in written


def test_a_missing_key_is_told_by_its_name(env):
    wanting = {name: value for name, value in env.items() if name != "STAMGAST_ID_KEY"}
    done = subprocess.run([*RUN, "web"], env=wanting, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 2
    assert "STAMGAST_ID_KEY" in done.stderr
    assert "Traceback" not in done.stderr
