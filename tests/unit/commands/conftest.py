"""A small CSV of purchases and parameters to score it with."""

import json
from pathlib import Path

import pytest

from tests.unit.clv.purchases import MBG, SALES


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    return path


@pytest.fixture
def parameters(tmp_path: Path) -> Path:
    path = tmp_path / "mbg.json"
    path.write_text(json.dumps(MBG))
    return path


@pytest.fixture
def closing_shop(tmp_path: Path, monkeypatch) -> str:
    """A shop that is closed from 5 to 18 February and for two weeks to come."""
    folder = tmp_path / "config" / "merchants" / "dorp"
    folder.mkdir(parents=True)
    closed = '["2026-02-05 to 2026-02-18", "2026-03-08 to 2026-03-21"]'
    folder.joinpath("program.yaml").write_text(
        "merchant: dorp\nname: Dorp\ncurrency: EUR\nregion: NL\ntime_zone: Europe/Amsterdam\nlanguages: [nl]\n"
        f"stores: {{dorp: {{}}}}\nclosed: {closed}\n"
    )
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(tmp_path / "config"))
    return "dorp"
