"""`stamgast import`: purchases, or customers with their consents, from a CSV of any make."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.audit.record import About, Did
from stamgast.commands.answering import (
    WRONG,
    AsJson,
    answer,
    fail,
    load_settings,
    misuse,
    new_app,
    print_json,
    progress,
    say,
)
from stamgast.commands.noting import note_done
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.domain.program import Program
    from stamgast.lists.bringing_in import Job, Summary
    from stamgast.lists.mapping import Mapping
    from stamgast.lists.survey import Survey
    from stamgast.settings import Settings

app = new_app("Bring in a list of purchases, or of customers with their consents.")

_SHOWN = 10
_TOLD = 20
"""Rejected rows that people are told of; `--json` has all of them."""


@app.command()
def bring(
    file: Annotated[Path, typer.Argument(help="A CSV: its first row says what the columns are.")],
    merchant: Annotated[str, typer.Option("--merchant", help="Whose purchases or customers they are.")],
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, where names of columns do not say it.")] = None,
    kind: Annotated[str, typer.Option(help="purchases or customers; else what the heading says.")] = "",
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Sales of today, as if a till told them: they stamp, and rules are asked.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read all of it and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the preview.")] = False,
    progress_file: Annotated[
        Path | None, typer.Option("--progress", help="Where it is noted how far it is; else beside the file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring in a list: ten rows are shown as they are understood, then all of them are sent.

    What is history changes what is known of customers, sends nothing and gives nothing. A list that was cut short goes
    on where Kafka had it; one that comes in twice doubles nothing. Exits with 1 where no row could be taken.
    """
    settings = load_settings()
    survey = _survey(file, _mapping(mapping), kind)
    job = _job(settings, survey, merchant, history=not live)
    with _Told():
        _preview(job)
    if not (dry_run or yes or as_json) and sys.stdin.isatty() and not typer.confirm("Bring it in?", err=True):
        raise typer.Exit
    with _Told("; the same command again goes on from where it is"):
        summary = _read_only(job) if dry_run else _bring_in(job, progress_file or Path(f"{file}.import-progress"))
    if summary.accepted and not dry_run:
        note_done(settings, Did.IMPORTED, About(job.program.merchant, words=f"{summary.accepted} of {file.name}"))
    _tell(job, summary, dry_run=dry_run, as_json=as_json)
    if summary.rows and not summary.accepted:
        raise typer.Exit(WRONG)


class _Told:
    """A context in which trouble of every usual kind, and with the list, is told in a sentence and ends the command."""

    def __init__(self, hint: str = "") -> None:
        self._hint = hint

    def __enter__(self) -> None:
        """Nothing to do yet."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Say what is wrong and exit."""
        from stamgast.commands.finding import Reasons
        from stamgast.lists.progress import ProgressError
        from stamgast.sheets.lines import SheetError

        if isinstance(error, ProgressError | SheetError):
            fail(str(error))
        reasons = Reasons()
        reasons.hint = self._hint
        reasons.__exit__(kind, error, at)


def _mapping(path: Path | None) -> Mapping:
    from rules.yaml.problems import render_problems
    from stamgast.lists.mapping import Mapping, read_mapping

    if path is None:
        return Mapping()
    mapping, problems = read_mapping(path)
    if problems:
        say(render_problems(problems))
        fail(f"{path}: {problems[0].message}")
    return mapping


def _survey(path: Path, mapping: Mapping, kind: str) -> Survey:
    from stamgast.lists.columns import Kind
    from stamgast.lists.survey import survey
    from stamgast.sheets.lines import SheetError

    kinds = [each.value for each in Kind]
    if kind and kind not in kinds:
        misuse(f"--kind is {' or '.join(kinds)}, not {kind!r}")
    try:
        return survey(path, mapping, Kind(kind) if kind else None)
    except SheetError as error:
        fail(str(error))


def _job(settings: Settings, survey: Survey, merchant: str, *, history: bool) -> Job:
    from stamgast.bootstrap import topics_of
    from stamgast.commands.finding import Reasons
    from stamgast.commands.stamping import stamp
    from stamgast.lists.bringing_in import Job
    from stamgast.lookup import newest_bundle

    async def look() -> Program:
        await stamp(settings)
        return (await newest_bundle(settings, topics_of(settings), merchant))[1].program

    with Reasons():
        return Job(settings, survey, asyncio.run(look()), settings.make_clock(), history)


def _preview(job: Job) -> None:
    """Ten rows as they are understood, on standard error."""
    from stamgast.lists.bringing_in import reader_of
    from stamgast.lists.checking import checked
    from stamgast.lists.preview import in_one_line, notes_on

    survey = job.survey
    say(f"{survey.path}: {so_many(survey.rows, 'row')} of {survey.columns.kind.value}")
    for note in notes_on(survey):
        say(f"  {note}")
    reader, shown = reader_of(survey, job.program, job.settings, job.clock.now(), history=job.history), 0
    for _, read in checked(reader, job.program):
        for each in read:
            say(f"  {in_one_line(each)}")
            shown += 1
        if shown >= _SHOWN:
            break


def _read_only(job: Job) -> Summary:
    from stamgast.lists.bringing_in import only_read, reader_of

    now = job.clock.now()
    reader = reader_of(job.survey, job.program, job.settings, now, history=job.history)
    return only_read(job.survey, reader, job.program)


def _bring_in(job: Job, noted: Path) -> Summary:
    from stamgast.lists.bringing_in import bring_in

    tell, close = progress("rows")
    try:
        return asyncio.run(bring_in(job, noted, tell))
    finally:
        close()


def _tell(job: Job, summary: Summary, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(_document(job, summary, dry_run=dry_run))
        return
    for each in summary.rejected[:_TOLD]:
        answer(f"line {each.line}: {each.reason}")
    if len(summary.rejected) > _TOLD:
        answer(f"… and {len(summary.rejected) - _TOLD:,} more: --json has all of them")
    for detail, count in list(summary.warnings.items())[:_TOLD]:
        answer(f"taken all the same ({count:,}): {detail}")
    skipped = f", {summary.skipped:,} of them before" if summary.skipped else ""
    would = "would be taken" if dry_run else "taken"
    answer(f"{so_many(summary.rows, 'row')}: {summary.accepted:,} {would}{skipped}, {len(summary.rejected):,} rejected")


def _document(job: Job, summary: Summary, *, dry_run: bool) -> dict[str, Any]:
    return {
        "merchant": job.program.merchant,
        "kind": job.survey.columns.kind.value,
        "rows": summary.rows,
        "accepted": summary.accepted,
        "rejected": [{"line": each.line, "reason": each.reason} for each in summary.rejected],
        "skipped": summary.skipped,
        "sent": not dry_run,
        "history": job.history,
        "columns": dict(job.survey.columns.headings),
        "unread_columns": list(job.survey.columns.unread),
        "warnings": [{"detail": detail, "count": count} for detail, count in summary.warnings.items()],
    }
