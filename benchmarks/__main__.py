"""`python -m benchmarks [--quick] [name ...]`: run the benchmarks, all or the named ones."""

from __future__ import annotations

import argparse
import importlib
import time

from benchmarks.scene import open_scene
from stamgast.logs import configure_logs

NAMES = (
    *("serializer", "small_job", "customers", "many_rules", "intake", "latency", "memory", "takeover", "waiting"),
    *("start", "forgetting", "clv", "clv_file", "commands", "recovery", "backtest", "report", "schedules", "campaigns"),
    *("lapse", "choice", "choice_chance", "webhooks", "http", "stops", "tills", "identify", "lists", "feeds"),
    *(
        "recommend",
        "export",
        "imports",
        "pages",
        "growth",
        "bundles",
        "live_fit",
        "listening_rules",
        "full_logic",
        "chain",
    ),
)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which (default: all)")
    parser.add_argument("--quick", action="store_true", help="few events: shows that they run, not how fast")
    parser.add_argument("--no-peers", action="store_true", help="leave out what needs .venv-bench to be installed")
    options = parser.parse_args()
    configure_logs("warning", "console")
    with open_scene(quick=options.quick, peers=not options.no_peers) as scene:
        for name in options.names or NAMES:
            began = time.monotonic()
            importlib.import_module(f"benchmarks.{name}").run(scene)
            print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
