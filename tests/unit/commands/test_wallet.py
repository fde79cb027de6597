"""`stamgast wallet check`: what is missing, on a line each; 1 until it is put right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stamgast.commands.wallet import app
from tests.fakes.apple_files import TEAM, pass_certificate, write


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], *options: str) -> tuple[int, str]:
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(f"STAMGAST_{name.upper()}", value)
    found = CliRunner().invoke(app, ["check", *options])
    return found.exit_code, found.stdout


def test_nothing_set_is_off_and_nothing_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    code, said = run(monkeypatch, tmp_path, {})
    assert code == 0
    assert said.splitlines() == [
        "apple: off: nothing of it is set (docs/wallet.md says how)",
        "google: off: nothing of it is set (docs/wallet.md says how)",
    ]


def test_what_is_wrong_stands_on_a_line_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    given = write(tmp_path, pass_certificate(team="Z9Z9Z9Z9Z9")) | {"wallet_apple_key": ""}
    code, said = run(monkeypatch, tmp_path, given)
    assert code == 1
    assert f"  STAMGAST_WALLET_APPLE_TEAM is {TEAM}, and the certificate is of team Z9Z9Z9Z9Z9" in said.splitlines()
    assert "  STAMGAST_WALLET_APPLE_KEY is missing" in said


def test_what_is_right_is_on_and_scripts_read_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    code, said = run(monkeypatch, tmp_path, write(tmp_path), "--json")
    apple, google = json.loads(said)["wallets"]
    assert (code, apple["standing"], apple["wrong"], google["standing"]) == (0, "on", [], "off")
