"""The processes that share a backtest's customers, and what each of them does."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from stamgast.backtest import csv_past, log_past, sales
from stamgast.backtest.account import Account
from stamgast.backtest.csv_past import PastError
from stamgast.backtest.life import LeftOutError, Played, Turns, live
from stamgast.backtest.lists import NO_LISTS, ListInFile, Lists
from stamgast.backtest.money import MOST_RUNS, Answers, answers_of
from stamgast.backtest.plan import CsvData, Plan, Share
from stamgast.backtest.preview import Previews
from stamgast.domain.events import AnyEvent
from stamgast.domain.program import Program
from stamgast.service import Bundle

Told = Callable[[int, int], None]
"""(customers that are done, customers there are) -> tells a person."""

_EVERY_S: Final = 0.2
_FEW: Final = 2_000_000
"""Bytes of a file below which a second process would take longer to start than it saves."""


class Results:
    """What both bundles came to; `against` is None where there is none."""

    def __init__(self, account: Account, against: Account | None) -> None:
        self.account, self.against = account, against

    @property
    def accounts(self) -> tuple[Account, Account | None]:
        """Both."""
        return self.account, self.against

    def merge(self, other: Results) -> None:
        """Add another share's."""
        self.account.merge(other.account)
        if self.against is not None and other.against is not None:
            self.against.merge(other.against)


def run(plan: Plan, processes: int = 0, tell: Told = lambda _done, _all: None) -> Results:
    """Play everybody, on as many processes as the machine has cores (or as are asked for).

    Once, or where budgets hold something back as often as it takes until everybody was answered rightly.

    Raises:
        PastError: the past cannot be read.
        OSError, KafkaError: the log cannot be reached.
    """
    results = first = _run_once(plan, processes, tell)
    if not any(account is not None and account.moves for account in results.accounts):
        return results
    bundles = plan.bundle(), plan.baseline()
    for runs in range(1, MOST_RUNS + 1):
        answers = [_answered(*each) for each in zip(bundles, results.accounts, strict=True)]
        if runs == MOST_RUNS or all(each is None or each.settled for each in answers):
            break
        results = _run_once(replace(plan, answers=(answers[0], answers[1])), processes, tell)
    for account, wanted, answer in zip(results.accounts, first.accounts, answers, strict=True):
        if account is not None and wanted is not None and answer is not None:
            account.wanted = {name: sum(by_day.values()) for name, by_day in wanted.charged.items()}
            account.settled = answer.settled
    return results


def _answered(bundle: Bundle | None, account: Account | None) -> Answers | None:
    if bundle is None or account is None or not account.moves:
        return None
    return answers_of(bundle.program.merchant, account.moves, bundle.budgets)


def _run_once(plan: Plan, processes: int, tell: Told) -> Results:
    processes = processes or _usual(plan)
    if processes == 1:
        return play(plan, Share(), tell)
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    children = []
    try:
        for part in range(processes):
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=_work, args=(theirs, plan, Share(part, processes)), daemon=True)
            child.start()
            theirs.close()
            pipes.append(ours)
            children.append(child)
        return _gathered(pipes, tell)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.join()


def play(plan: Plan, share: Share, tell: Told = lambda _done, _all: None) -> Results:
    """Play one share of the customers in this process. Raises as `run` does."""
    # What is read and what lives in states goes round in no circles, and a collector that walks millions of them costs
    # a third.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _play(plan, share, tell)
    finally:
        if was_enabled:
            gc.enable()


def _play(plan: Plan, share: Share, tell: Told) -> Results:
    bundle, baseline = plan.bundle(), plan.baseline()
    everybody, lists, turns = _everybody(plan, share, bundle.program)
    answers, of_baseline = plan.answers
    playing = (
        _Playing(plan, bundle, Played(plan.starts, answers, lists, turns)),
        None if baseline is None else _Playing(plan, baseline, Played(plan.starts, of_baseline, lists, turns)),
    )
    playing[0].account.lists = lists.counted(bundle.rules, [each.customer for each in everybody])
    told_at = 0.0
    for done, (_, partition, events_of) in enumerate(everybody):
        events = events_of()
        for each in playing:
            if each is not None:
                each.play(partition, events)
        if time.monotonic() - told_at > _EVERY_S:
            told_at = time.monotonic()
            tell(done, len(everybody))
    tell(len(everybody), len(everybody))
    return Results(playing[0].account, None if playing[1] is None else playing[1].account)


class _Playing:
    """One bundle over a share of the customers."""

    def __init__(self, plan: Plan, bundle: Bundle, played: Played) -> None:
        self.account = Account()
        self._played = played
        self._bundle, self._key = bundle, plan.voucher_key
        self._span = plan.span(bundle.program)
        self._previews = Previews(bundle.program)

    def play(self, partition: int, events: Sequence[AnyEvent]) -> None:
        try:
            life, passed_over = live(
                self._bundle,
                events,
                self._span,
                voucher_key=self._key,
                previews=self._previews,
                partition=partition,
                played=self._played,
            )
        except LeftOutError:
            self.account.left_out += 1
            return
        self.account.passed_over += passed_over
        self.account.add(life)


class _Somebody(NamedTuple):
    """A customer, and what makes their events."""

    customer: str
    partition: int
    events_of: Callable[[], list[AnyEvent]]


def _everybody(plan: Plan, share: Share, program: Program) -> tuple[list[_Somebody], Lists, Turns]:
    """In an order that does not depend on how the log is cut, who is on which list, and how stores were heard."""
    given = plan.data.listed
    if isinstance(plan.data, CsvData):
        lines = csv_past.read_csv(Path(plan.data.path), program, share, plan.span(program)[1])
        everybody = [
            _Somebody(customer, 0, partial(sales.events_of, customer, theirs, program))
            for customer, theirs in lines.items()
        ]
        return everybody, NO_LISTS if given is None else ListInFile(given, lines, program.home), {}
    past = asyncio.run(log_past.read_log(plan.data, program, share))
    known = (customer for customer, _ in past.records)
    lists = past.lists if given is None else ListInFile(given, known, program.home)
    return (
        [
            _Somebody(customer, partition, partial(log_past.events_of, told, program))
            for (customer, partition), told in sorted(past.records.items())
        ],
        lists,
        past.turns,
    )


def _usual(plan: Plan) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(plan.data, CsvData):
        try:
            return 1 if Path(plan.data.path).stat().st_size < _FEW else cores
        except OSError:
            return 1
    return min(cores, plan.data.topics.partitions)


def _work(pipe: Connection, plan: Plan, share: Share) -> None:
    """What a child does: it tells how far it is, then what it found, or what stopped it."""
    try:
        pipe.send(play(plan, share, lambda done, all_: pipe.send((done, all_))))
    except BrokenPipeError:
        return
    except Exception as error:  # noqa: BLE001 - the parent raises it
        pipe.send(error if isinstance(error, PastError | OSError) else RuntimeError(f"{type(error).__name__}: {error}"))


def _gathered(pipes: list[Connection], tell: Told) -> Results:
    found: Results | None = None
    stages = dict.fromkeys(pipes, (0, 0))
    problems: list[str] = []
    open_ = set(pipes)
    while open_:
        for pipe in cast(list[Connection], wait(list(open_))):
            try:
                answer: Any = pipe.recv()
            except EOFError:
                raise RuntimeError("a process of the backtest was ended from outside (out of memory?)") from None
            if isinstance(answer, tuple):
                stages[pipe] = answer
                tell(*(sum(column) for column in zip(*stages.values(), strict=True)))
                continue
            open_.discard(pipe)
            if isinstance(answer, PastError):
                problems += answer.problems
            elif isinstance(answer, Exception):
                raise answer
            elif found is None:
                found = answer
            else:
                found.merge(answer)
    if problems or found is None:
        raise PastError(_in_order(problems))
    return found


def _in_order(problems: list[str]) -> list[str]:
    def line(problem: str) -> tuple[int, str]:
        place = re.search(r":(\d+):\d+: ", problem)
        return (int(place[1]) if place else 1 << 62, problem)

    return sorted(dict.fromkeys(problems), key=line)[:20]
