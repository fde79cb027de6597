"""The peers' environment, `.venv-bench`: made on first use, kept until `requirements/peers.txt` changes."""

from __future__ import annotations

import subprocess
import sys
import venv

from benchmarks.scene import ROOT

_FOLDER = ROOT / ".venv-bench"
_WANTED = ROOT / "requirements" / "peers.txt"
_MADE_FROM = _FOLDER / "made-from.txt"


def peers_python() -> str:
    """The Python that has the peers installed."""
    wanted = _WANTED.read_text()
    python = _FOLDER / "bin" / "python"
    if not _MADE_FROM.exists() or _MADE_FROM.read_text() != wanted:
        print("installing the peers into .venv-bench", flush=True)
        venv.create(_FOLDER, with_pip=True, clear=True)
        locked = [python, "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", _WANTED]
        subprocess.run(locked, check=True)
        _MADE_FROM.write_text(wanted)
    return str(python)


if __name__ == "__main__":
    sys.exit(0 if peers_python() else 1)
