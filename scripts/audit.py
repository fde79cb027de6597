"""Are the locked packages known to be vulnerable, or kept by nobody? Answers without a network, from a table.

`requirements/audit.json` holds what was known on its day: advisories with the versions that they are about, when each
locked version was released, and what was decided about those that have had no release for two years. Every version
in the lock files has to stand in the table, so whoever locks another one asks again:

    make lock && make audit ARGS=--refresh

Refreshing asks through uv (when versions were released) and pip-audit (advisories), and keeps what people wrote.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = ROOT / "requirements"
TABLE: Final = LOCKS / "audit.json"
UNKEPT_DAYS: Final = 730
"""Without a release for so long, a package needs a word on why it stays."""
STALE_DAYS: Final = 90
"""After so long whoever reads the answer is told that the table is old."""
_PIN: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)

Pins = Mapping[str, Sequence[str]]
"""Package -> the versions that are locked, one for each Python or purpose."""


def pins_of(folder: Path) -> Pins:
    """Read every lock file of a folder."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.glob("*.txt")):
        for name, version in _PIN.findall(path.read_text()):
            found.setdefault(name, set()).add(version)
    return {name: sorted(found[name]) for name in sorted(found)}


def faults_of(pins: Pins, table: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with what is locked, a line each."""
    faults, made = [], date.fromisoformat(table["made"])
    for name, versions in pins.items():
        known = table["packages"].get(name, {"released": {}})
        for version in versions:
            released = known["released"].get(version)
            if released is None:
                faults.append(
                    f"{name} {version} is not in the table: `make audit ARGS=--refresh`, and read what is new"
                )
            elif (made - date.fromisoformat(released)).days > UNKEPT_DAYS and not known.get("note"):
                faults.append(
                    f"{name} {version} is of {released}, more than two years before the table: find out who keeps it, "
                    f"decide whether it stays, and write why as its `note` in {TABLE.name}"
                )
    for advisory in table["advisories"]:
        affected = [SpecifierSet(each, prereleases=True) for each in advisory["affected"]]
        for version in pins.get(advisory["package"], ()):
            if any(Version(version) in each for each in affected) and not advisory.get("accepted"):
                where = f"{advisory['package']} {version}"
                faults.append(
                    f"{where}: {advisory['id']}, {advisory['what']}; affected: {', '.join(advisory['affected'])}"
                )
    return faults


def remarks_on(pins: Pins, table: Mapping[str, Any], today: date) -> list[str]:
    """Say what is worth knowing and stops nothing."""
    remarks = []
    age = (today - date.fromisoformat(table["made"])).days
    if age > STALE_DAYS:
        remarks.append(f"the table is {age} days old: `make audit ARGS=--refresh` where there is a network")
    if unasked := [name for name in pins if name in table["not_asked"]]:
        remarks.append(
            f"of {len(unasked)} of {len(pins)} packages nobody could be asked for advisories when the table was made; "
            "of them it knows those that are written in it"
        )
    if gone := sorted(table["packages"].keys() - pins.keys()):
        remarks.append(f"in the table and locked no more: {', '.join(gone)}")
    return remarks


def refreshed(table: Mapping[str, Any], pins: Pins, released: Mapping[str, Mapping[str, str]], audit: Any) -> Any:
    """Make the table anew of what was asked, keeping what people wrote and advisories that were known before.

    `audit` is pip-audit's answer: what it could not ask about is told apart from what has no advisory.
    """
    packages = {}
    for name, versions in pins.items():
        note = table["packages"].get(name, {}).get("note", "")
        known = table["packages"].get(name, {}).get("released", {}) | dict(released.get(name, {}))
        kept = {version: known[version] for version in versions if version in known}
        packages[name] = {"released": kept} | ({"note": note} if note else {})
    advisories = {(each["package"], each["id"]): each for each in table["advisories"]}
    for each in audit["dependencies"]:
        for found in each.get("vulns", []):
            affected = sorted({f"=={each['version']}", *advisories.get(_key(each, found), {}).get("affected", [])})
            told = {"package": each["name"], "id": found["id"], "affected": affected, "what": _first(found)}
            advisories[_key(each, found)] = advisories.get(_key(each, found), {}) | told
    return {
        "made": f"{datetime.now(UTC):%Y-%m-%d}",
        "not_asked": sorted(each["name"] for each in audit["dependencies"] if "skip_reason" in each),
        "advisories": [advisories[key] for key in sorted(advisories)],
        "packages": packages,
    }


def _key(package: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, str]:
    return package["name"], found["id"]


def _first(found: Mapping[str, Any]) -> str:
    fixed = f" (fixed in {', '.join(found['fix_versions'])})" if found.get("fix_versions") else ""
    return found.get("description", "").strip().partition("\n")[0][:120] + fixed


def _ask(pins: Pins) -> tuple[dict[str, dict[str, str]], Any]:
    released: dict[str, dict[str, str]] = {}
    dependencies: list[Any] = []
    with tempfile.TemporaryDirectory() as folder:
        asked, lock, answer = (Path(folder) / name for name in ("asked.txt", "pylock.toml", "answer.json"))
        for round_ in range(max(map(len, pins.values()))):
            wanted = [f"{name}=={versions[round_]}\n" for name, versions in pins.items() if round_ < len(versions)]
            asked.write_text("".join(wanted))
            _run("uv", "pip", "compile", "--quiet", "--no-deps", "--python-version", "3.13", "--format", "pylock.toml",
                 "--output-file", str(lock), str(asked))  # fmt: skip
            for each in tomllib.loads(lock.read_text())["packages"]:
                files = [*each.get("wheels", ()), *([each["sdist"]] if "sdist" in each else ())]
                newest = max(file["upload-time"] for file in files if "upload-time" in file)
                released.setdefault(each["name"], {})[each["version"]] = f"{newest:%Y-%m-%d}"
            _run("uv", "tool", "run", "pip-audit", "--disable-pip", "--no-deps", "--progress-spinner", "off",
                 "--format", "json", "--output", str(answer), "--requirement", str(asked), fails=True)  # fmt: skip
            dependencies += json.loads(answer.read_text())["dependencies"]
    return released, {"dependencies": dependencies}


def _run(*words: str, fails: bool = False) -> None:
    """Run uv; pip-audit ends with 1 where it finds something."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([str(uv), *words[1:]], check=not fails, stdout=subprocess.DEVNULL)


def main(arguments: Iterable[str] | None = None) -> int:
    """Answer; 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--refresh", action="store_true", help="ask again, which needs a network, and write the table")
    options = parser.parse_args(None if arguments is None else list(arguments))
    table, pins = json.loads(TABLE.read_text()), pins_of(LOCKS)
    if options.refresh:
        table = refreshed(table, pins, *_ask(pins))
        TABLE.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    faults = faults_of(pins, table)
    for line in [*faults, *remarks_on(pins, table, datetime.now(UTC).date())]:
        print(line)
    print(
        f"{len(pins)} locked packages, {len(table['advisories'])} advisories of {table['made']}: {len(faults)} problems"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
