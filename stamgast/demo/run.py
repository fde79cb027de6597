"""The trial from start to end: read the purchase log, start every process, play, close the books."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from rules.loader import LoadedMerchant, load_merchant
from rules.yaml.problems import render_problems
from stamgast.demo.books import Summary
from stamgast.demo.cdnow import read_receipts
from stamgast.demo.driver import starts_at
from stamgast.demo.run_folder import open_run_folder
from stamgast.demo.stage import open_stage
from stamgast.demo.trial import BAKERY, RECORDS, Cast, Options, Say, Trial
from stamgast.lifecycle.ending import Ending
from stamgast.programs.folders import MERCHANTS


class EndedError(Exception):
    """Somebody ended the trial (Ctrl-C or SIGTERM)."""


class NoExampleError(Exception):
    """The two example merchants are not in the configuration folder, or have errors."""


def run_demo(options: Options, config_dir: Path, say: Say) -> Summary:
    """Run a trial and return its account.

    Raises:
        EndedError: Ctrl-C or SIGTERM came first; no process of the trial is left.
        ProcessError: one of its processes did not start, or ended.
        NoPurchaseLogError: the purchase log is not installed.
        NoExampleError: an example merchant is missing or wrong.
    """
    receipts = read_receipts()
    loaded = {merchant: _load(config_dir, merchant) for merchant in (BAKERY, RECORDS)}
    programs = {merchant: each.program for merchant, each in loaded.items()}
    cast = Cast(programs, loaded[BAKERY].rules, receipts)
    say("a trial: one worker, on a broker and a Redis that live in memory and forget everything at the end")
    _expect_no_idempotence()
    begins = starts_at(programs[BAKERY].time_zone)
    ending = Ending()
    with open_run_folder(say) as folder:
        try:
            with ending, open_stage(folder.path, config_dir, list(loaded), begins, options.seed) as stage:
                summary = asyncio.run(ending.over(Trial(options, stage, cast, say).run()))
        except BaseException:  # whatever an interrupt becomes on its way through libraries
            if ending.asked:
                folder.wanted = False
                raise EndedError from None
            raise
        folder.wanted = not summary.is_right
        return summary


def _expect_no_idempotence() -> None:
    """Keep three producers' surprise from the terminal: the embedded broker has no idempotent producer."""
    logging.getLogger("aiokafka.producer.sender").setLevel(logging.CRITICAL)
    logging.getLogger("stamgast.log.producers").setLevel(logging.ERROR)


def _load(config_dir: Path, merchant: str) -> LoadedMerchant:
    folder = config_dir / MERCHANTS / merchant
    if not folder.is_dir():
        raise NoExampleError(f"there is no {folder}; run this where config/ is, or set STAMGAST_CONFIG_DIR")
    loaded = load_merchant(folder)
    if not loaded.ok:
        raise NoExampleError(render_problems(loaded.problems))
    return loaded
