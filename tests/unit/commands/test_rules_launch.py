"""What `rules launch` says before it asks Kafka for anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from stamgast.commands.rules import app
from stamgast.commands.rules_launch import _foretold


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        app(args=list(arguments), prog_name="stamgast rules")
    return int(ended.value.code or 0)


def test_a_launch_without_its_reason_or_with_a_status_that_there_is_not_is_misuse(capsys) -> None:
    assert run("launch", "hello", "live") == 2
    assert "say why with --why" in capsys.readouterr().err
    assert run("launch", "hello", "canary", "5", "--why", "x") == 2
    assert "whole percentage" in capsys.readouterr().err
    assert run("launch", "hello", "lve", "--why", "x") == 2
    assert 'Did you mean "live"?' in capsys.readouterr().err
    assert run("rollback", "3") == 2


def test_what_a_backtest_foretold_is_expected_by_the_day(tmp_path: Path, capsys) -> None:
    file = tmp_path / "past.json"
    file.write_text(json.dumps({"from": "2026-07-01", "to": "2026-07-10", "rules": {"a": {"would_send": 101}}}))
    assert _foretold(file, "a") == 11
    with pytest.raises(typer.Exit):
        _foretold(file, "b")
    assert "is not what `rules backtest --json` says of b" in capsys.readouterr().err
