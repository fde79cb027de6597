"""The lines in docs/feeds.md that verify a signature do, in each language that is at hand."""

import json
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from stamgast.feeds.secrets import new_secret

DOCS = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text()
BODY = '{"type":"fact.entry.joined","timestamp":"2026-11-01T08:00:00.000Z","data":{"rule":"é"}}'


def snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    assert found
    return found[1]


def requests() -> list[tuple[str, dict[str, str], str, bool]]:
    secret, old, now = new_secret(), new_secret(), int(time.time())

    def headers(sent: int, *secrets: str) -> dict[str, str]:
        at = datetime.fromtimestamp(sent, UTC)
        signed = " ".join(Webhook(each).sign("msg_1", at, BODY) for each in secrets)
        return {"webhook-id": "msg_1", "webhook-timestamp": str(sent), "webhook-signature": signed}

    return [
        (secret, headers(now, secret), BODY, True),
        (secret, headers(now, old, secret), BODY, True),
        (secret, headers(now, old), BODY, False),
        (secret, headers(now, secret), BODY + " ", False),
        (secret, headers(now - 600, secret), BODY, False),
    ]


def test_in_python() -> None:
    names: dict[str, Any] = {}
    exec(snippet("python"), names)
    assert [names["genuine"](secret, headers, body.encode()) for secret, headers, body, _ in requests()] == [
        genuine for *_, genuine in requests()
    ]


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")
def test_in_node(tmp_path: Path) -> None:
    program = tmp_path / "receiver.mjs"
    program.write_text(
        snippet("js")
        + "const found = JSON.parse(process.argv[2]).map(([s, h, b]) => genuine(s, h, Buffer.from(b)));"
        + "console.log(JSON.stringify(found));"
    )
    asked = json.dumps([each[:3] for each in requests()])
    done = subprocess.run(["node", str(program), asked], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, False, False, False]


@pytest.mark.skipif(not shutil.which("php"), reason="there is no PHP here")
def test_in_php(tmp_path: Path) -> None:
    program = tmp_path / "receiver.php"
    program.write_text(
        "<?php\n"
        + snippet("php")
        + "echo json_encode(array_map(fn($e) => genuine($e[0], $e[1], $e[2]), json_decode($argv[1], true)));"
    )
    asked = json.dumps([each[:3] for each in requests()])
    done = subprocess.run(["php", str(program), asked], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, False, False, False]
