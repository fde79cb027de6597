"""A list on disk, as a till or a spreadsheet writes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stamgast.domain.units import DAY, Millis
from stamgast.lists.mapping import Mapping
from stamgast.lists.members import Members
from stamgast.lists.receipts import Receipts
from stamgast.lists.survey import survey
from tests.builders import program

NOW: Millis = 20_600 * DAY
"""In 2026."""


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "list.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def receipts(sheet):
    """What the rows of a list of purchases mean, one after the other."""

    def read(content: str | bytes, **mapping: Any) -> list[Any]:
        reader = Receipts(survey(sheet(content), Mapping(**mapping)), program(), b"key")
        return [each for unit in reader.units() for each in reader.read(unit)]

    return read


@pytest.fixture
def members(sheet):
    """Who stands in a list of customers."""

    def read(content: str | bytes, **mapping: Any) -> list[Any]:
        reader = Members(survey(sheet(content), Mapping(**mapping)), program(), NOW)
        return [each for unit in reader.units() for each in reader.read(unit)]

    return read
