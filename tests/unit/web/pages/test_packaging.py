"""What pages are made of is in the wheel: a container has nothing else."""

import hashlib
import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

from stamgast.web.pages.static_files import files

ROOT = Path(__file__).parents[4]
PAGES = ROOT / "stamgast" / "web" / "pages"


def test_templates_sheets_and_catalogues_are_shipped(tmp_path: Path):
    made = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))

    names = set(zipfile.ZipFile(made).namelist())
    wanted = {str(path.relative_to(ROOT)) for path in PAGES.rglob("*") if path.suffix not in {"", ".pyc"}}
    assert wanted - names == set()
    assert {Path(name).suffix for name in wanted} >= {".html", ".css", ".po", ".svg", ".py"}


def test_the_editor_is_built_of_its_sources_and_has_the_notices_of_what_is_in_it() -> None:
    sources = ROOT / "scripts" / "editor"
    built = files()["rule-editor.js"].content.decode()
    text = b"".join((sources / name).read_bytes() for name in ("editor.js", "words.js", "package-lock.json"))
    assert f"Sources: {hashlib.sha256(text).hexdigest()}" in built, "run `npm ci && npm run build` in scripts/editor"
    assert "@codemirror/view" in built.partition("*/")[0]
    assert "Permission is hereby granted" in built.partition("*/")[0]
