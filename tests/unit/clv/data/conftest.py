from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path):
    def write(*lines: str, heading: str = "customer,date,amount") -> Path:
        path = tmp_path / "sales.csv"
        path.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")
        return path

    return write
