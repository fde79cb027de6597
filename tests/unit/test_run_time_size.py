"""What running needs takes at most 290 MB, and nothing that running imports is left out of it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_MB = 290
BESIDE_MB = 45
"""What is measured beside the packages: pip and ours, and the bytecode of what is imported."""


def locked(name: str) -> Iterator[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return (match[1] for match in re.finditer(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE))


def size_of(package: str) -> int:
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError:  # for another Python or another system
        return 0
    found = (Path(str(each.locate())) for each in files if each.suffix != ".pyc")
    return sum(path.stat().st_size for path in found if path.is_file())


def test_a_run_time_install_takes_no_more_than_is_said():
    sizes = {package: size_of(package) / 1_000_000 for package in {*locked("runtime"), *locked("build")}}
    total = sum(sizes.values()) + BESIDE_MB
    largest = sorted(sizes.items(), key=lambda each: -each[1])[:8]
    assert 100 < total <= MOST_MB, largest


def test_scipy_stands_beside_it_alone():
    assert set(locked("clv")) - set(locked("runtime")) == {"scipy"}


def test_processes_and_their_commands_begin_without_scipy():
    modules = "streams.worker, stamgast.web.serve, stamgast.sandbox.server, stamgast.commands.publish"
    check = f"import sys; sys.modules['scipy'] = None; import {modules}"
    subprocess.run([sys.executable, "-c", check], check=True, cwd=ROOT, timeout=120)


def test_a_command_that_needs_it_says_what_brings_it(tmp_path):
    run = "import sys; sys.modules['scipy'] = None; from stamgast.cli import main; main()"
    sales = tmp_path / "sales.csv"
    sales.write_text("customer,date,amount\na,2026-01-01,10\n")
    done = subprocess.run(
        [sys.executable, "-c", run, "clv", "fit", "--data", str(sales)],
        check=False, cwd=ROOT, timeout=120, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "scipy, which is not installed: `make install-run CLV=1`" in done.stderr
