"""The reader of codes that pages load is the one that its sources make; npm, which builds it, is not here."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[4]
SOURCES = ROOT / "scripts" / "qr_reader"


def test_whoever_edits_the_reader_builds_it():
    built = (ROOT / "stamgast" / "web" / "pages" / "static" / "qr-reader.js").read_text()
    of = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in ("reader.js", "package-lock.json")))
    assert f"Sources: {of.hexdigest()}" in built, "run `npm ci && npm run build` in scripts/qr_reader"
    version = json.loads((SOURCES / "package-lock.json").read_text())["packages"]["node_modules/qr"]["version"]
    assert f"qr {version} (" in built
    assert "Permission is hereby granted" in built
