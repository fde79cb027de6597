"""What pages are made of is in the wheel: a container has nothing else."""

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[4]
PAGES = ROOT / "stamgast" / "web" / "pages"


def test_templates_sheets_and_catalogues_are_shipped(tmp_path: Path):
    made = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))

    names = set(zipfile.ZipFile(made).namelist())
    wanted = {str(path.relative_to(ROOT)) for path in PAGES.rglob("*") if path.suffix not in {"", ".pyc"}}
    assert wanted - names == set()
    assert {Path(name).suffix for name in wanted} >= {".html", ".css", ".po", ".svg", ".py"}
