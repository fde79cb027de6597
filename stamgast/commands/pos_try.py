"""`stamgast pos try`: a mapping on a body, field by field, before anything is connected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, fail, misuse, print_json, say
from stamgast.domain.counting import so_many
from stamgast.domain.spelling import nearest

if TYPE_CHECKING:
    from stamgast.pos.connections import Connection
    from stamgast.pos.generic.trial import Trial

_MOST_BYTES = 4_000_000


def try_(
    mapping: Annotated[Path, typer.Argument(help="The connection's file with the mapping, such as pos/kassa.yaml.")],
    *,
    currency: Annotated[str, typer.Option(help="The programme's currency, where the mapping names none.")] = "EUR",
    zone: Annotated[str, typer.Option(help="The shop's time zone, where the mapping names none.")] = "Europe/Brussels",
    as_json: AsJson = False,
) -> None:
    """Show what a mapping makes of the body on standard input, and what it misses; exit 1 if something is wrong."""
    from stamgast.logs import configure_logs
    from stamgast.pos.delivery import desk_context, guess
    from stamgast.pos.generic.trial import try_mapping
    from stamgast.pos.mapping import Mapping
    from stamgast.pos.problems import RefusedError

    configure_logs("error")
    connection = _read(mapping)
    raw = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        fail(f"the body on standard input is larger than {_MOST_BYTES:,} bytes: the web refuses it as well")
    context = desk_context(connection.system, account=connection.account, currency=currency, zone=zone)
    try:
        trial = try_mapping(Mapping.model_validate(connection.mapping), raw, {"content-type": guess(raw)}, context)
    except RefusedError as error:
        fail(str(error))
    if as_json:
        told = {"purchases": list(trial.documents), "fields": [each._asdict() for each in trial.fields]}
        problems = list(trial.problems)
        print_json(told | {"problems": problems, "unused": list(trial.unused), "notes": list(trial.notes)})
    else:
        _tell(trial)
    if trial.problems:
        raise typer.Exit(WRONG)


def _read(path: Path) -> Connection:
    from rules.yaml.problems import render_problems
    from stamgast.pos.connections import read_connection

    if not path.is_file():
        others = [each.name for each in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
        near = nearest(path.name, others)
        misuse(f"{path} is no file" + (f"; did you mean {path.parent / near}?" if near else ""))
    connection, problems = read_connection(path, "desk", None, ())
    if problems or connection is None:
        say(render_problems(problems))
        fail(f"{path} has mistakes")
    if connection.mapping is None:
        misuse(f"{path} is a connection to {connection.system}, and has no mapping: `stamgast pos parse` reads those")
    return connection


def _tell(trial: Trial) -> None:
    last = -1
    for item, field, path, found, value, wrong in trial.fields:
        if item != last:
            answer(f"item {item + 1}")
            last = item
        came = f"!! {wrong}" if wrong else ("-" if value is None else str(value))
        answer(f"  {field:<28} {path or 'says itself':<32} {found or 'nothing':<30} {came}")
    for problem in trial.problems:
        answer(f"wrong: {problem['pointer']}: {problem['detail']}")
    if trial.unused:
        answer("not looked at: " + ", ".join(trial.unused))
    if trial.others:
        answer(f"{so_many(trial.others, 'item is', 'items are')} no purchase, by `only`")
    for note in trial.notes:
        answer(f"note: {note}")
    understood = so_many(len(trial.documents), "purchase or refund is", "purchases and refunds are")
    answer(f"{understood} understood")
