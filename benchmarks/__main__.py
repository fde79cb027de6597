"""`python -m benchmarks [--quick] [--against REV] [name ...]`: run the benchmarks, all or the named ones."""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Sequence

from benchmarks import against
from benchmarks.scene import open_scene
from stamgast.logs import configure_logs

NAMES = (
    *("serializer", "small_job", "customers", "many_rules", "intake", "latency", "memory", "takeover", "waiting"),
    *("start", "forgetting", "clv", "clv_file", "commands", "recovery", "backtest", "report", "schedules", "campaigns"),
    *("lapse", "choice", "choice_chance", "webhooks", "http", "stops", "tills", "identify", "lists", "feeds"),
    *("recommend", "export", "imports", "pages", "growth", "night", "bundles", "live_fit"),
    *("listening_rules", "full_logic", "chain", "verify"),
)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which (default: all): {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="few events: shows that they run, not how fast")
    parser.add_argument("--no-peers", action="store_true", help="leave out what needs .venv-bench to be installed")
    parser.add_argument(
        "--against", metavar="REV", help=f"measure in turn with another revision (default: {', '.join(against.USUAL)})"
    )
    options = parser.parse_args()
    known = {*NAMES, *(against.USUAL if options.against else ())}
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    configure_logs("warning", "console")
    if options.against:
        _measure_against(options.against, options.names or against.USUAL, quick=options.quick)
        return
    with open_scene(quick=options.quick, peers=not options.no_peers) as scene:
        for name in options.names or NAMES:
            began = time.monotonic()
            importlib.import_module(f"benchmarks.{name}").run(scene)
            print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)


def _measure_against(rev: str, names: Sequence[str], *, quick: bool) -> None:
    if against.NEED_NOTHING.issuperset(names):
        against.run(None, rev, names, quick=quick)
        return
    with open_scene(quick=quick, peers=False) as scene:
        against.run(scene, rev, names, quick=quick)


if __name__ == "__main__":
    main()
