"""`stamgast templates fetch`: Twilio's Content API is asked, and `rules check` knows what it said."""

import json
import shutil
from pathlib import Path

import httpx
import pytest

from rules.loader import load_merchant
from stamgast.commands.rules import app as rules_app
from stamgast.commands.templates import app

CONFIG = Path(__file__).parents[3] / "config"
LOAF, MISSED = "HX3f1b0a6d5c9e4a7fb2d8c1e60a94f7b1", "HX5a9c3e7d1f2b4d6e8a0c2e4f6b8d0a1c"


def run(command, *arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        command(args=[str(each) for each in arguments], prog_name="stamgast")
    return int(ended.value.code or 0)


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG / "merchants/bakkerij-noord", tmp_path / "bakkerij-noord"))


@pytest.fixture
def account(sandbox, monkeypatch):
    for name, value in {
        "BASE_URL": sandbox.base_url, "ACCOUNT_SID": "ACsandbox" + "0" * 25, "API_KEY": "SKsandbox", "API_SECRET": "secret",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"STAMGAST_TWILIO_{name}", value)
    return sandbox


def test_what_twilio_knows_is_written_down_and_compared(account, bakery: Path, capsys):
    assert run(rules_app, "check", bakery) == 0
    assert "`stamgast templates fetch` asks Twilio" in capsys.readouterr().out
    contents = {
        LOAF: {"text": "{{1}} ligt klaar: {{2}}, tot {{3}}. {{4}}", "samples": {"4": "Groet"}},
        MISSED: {"text": "We missen u bij {{1}}.", "approval": "paused"},
    }
    httpx.post(f"{account.base_url}/sandbox/contents", json=contents, trust_env=False).raise_for_status()
    assert run(app, "fetch", bakery, "--json") == 0
    [told] = json.loads(capsys.readouterr().out)["merchants"]
    assert told["contents"] == 2
    assert told["states"] == {"approved": 1, "paused": 1}
    assert len(told["missing"]) == 2
    assert run(rules_app, "check", bakery) == 1
    page = capsys.readouterr().out
    assert 'has the place {{4}}, and nothing fills it: people would read "Groet" there' in page
    assert "is paused by WhatsApp" in page
    assert "Twilio's account had no such message" in page
    assert "`stamgast templates fetch` asks Twilio" not in page
    assert set(load_merchant(bakery).files) == set(load_merchant(CONFIG / "merchants/bakkerij-noord").files)


def test_who_may_not_ask_or_cannot_is_told_why(account, bakery: Path, monkeypatch, capsys):
    monkeypatch.setenv("STAMGAST_TWILIO_BASE_URL", "http://127.0.0.1:9")
    assert run(app, "fetch", bakery) == 1
    assert "Twilio cannot be asked" in capsys.readouterr().err
    monkeypatch.delenv("STAMGAST_TWILIO_API_KEY")
    assert run(app, "fetch", bakery) == 2
    assert "STAMGAST_TWILIO_API_KEY" in capsys.readouterr().err
