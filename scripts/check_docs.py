"""Checks that what the Markdown files point at is there: links, files, decision records, commands of the Makefile."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`((?:stamgast|streams|rules|channels|tests|scripts|benchmarks|config|schemas)/[\w./-]+)`")
_TARGET = re.compile(r"`make ([a-z-]+)|^make ([a-z-]+)", flags=re.MULTILINE)


def main() -> int:
    """Print every problem; 1 if there is one."""
    files = documents()
    problems = [problem for file in files for problem in check(file)]
    problems += unlisted_decisions()
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(files)} documents checked, {len(problems)} problems")
    return 1 if problems else 0


def check(file: Path) -> Iterator[str]:
    """Yield what is wrong in a document."""
    yield from broken_links(file)
    yield from unknown_targets(file)
    if file.parent.name != "adr":  # a decision tells of the house as it was
        yield from missing_files(file)


def missing_files(file: Path) -> Iterator[str]:
    """Yield each file of ours that a document names and that is not there."""
    for path in _PATH.findall(file.read_text()):
        if not (ROOT / path).exists():
            yield f"{file.relative_to(ROOT)}: there is no {path}"


def documents() -> list[Path]:
    """Return the Markdown files that git knows, or would if they were added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in sorted(set(listed.split("\n"))) if name and (ROOT / name).exists()]


def broken_links(file: Path) -> Iterator[str]:
    """Yield each link of a document to a file or heading that is not there."""
    for target in _LINK.findall(_FENCE.sub("", file.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        found = file if not path else (file.parent / path).resolve()
        if not found.exists():
            yield f"{file.relative_to(ROOT)}: there is no {target}"
        elif heading and found.suffix == ".md" and heading not in headings(found):
            yield f"{file.relative_to(ROOT)}: {path or 'this file'} has no heading #{heading}"


def headings(file: Path) -> set[str]:
    """Return a document's headings as links name them."""
    lines = _FENCE.sub("", file.read_text()).splitlines()
    texts = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


def unknown_targets(file: Path) -> Iterator[str]:
    """Yield each `make` target that a document names and the Makefile does not have."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for quoted, shown in _TARGET.findall(file.read_text()):
        if (quoted or shown) not in known:
            yield f"{file.relative_to(ROOT)}: the Makefile has no target {quoted or shown}"


def unlisted_decisions() -> list[str]:
    """Return a problem for each decision record that the index does not link to."""
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    records = sorted(folder.glob("[0-9]*.md"))
    return [f"docs/adr/README.md does not list {record.name}" for record in records if f"({record.name})" not in index]


if __name__ == "__main__":
    sys.exit(main())
