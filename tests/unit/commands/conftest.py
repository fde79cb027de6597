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
