"""`stamgast pos apply`, and what `stamgast publish` does of it: a merchant's files of connections come into force."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from stamgast.audit.record import About, Did
from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, print_json, say
from stamgast.commands.merchant_files import files_of
from stamgast.commands.noting import note_done
from stamgast.commands.pos_systems import registry
from stamgast.commands.stamping import stamp_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from stamgast.domain.program import Program
    from stamgast.pos.connections import Connection
    from stamgast.settings import Settings

Merchant = Annotated[str | None, typer.Option(help="For whom; not needed where there is one merchant.")]


class Applied(NamedTuple):
    """What became of a merchant's connections."""

    changed: list[str]
    """Those whose files were new, or said something else than what was in force."""
    without_file: list[str]
    """Those in force that have no file here."""
    wrong: bool = False
    """A file has mistakes; nothing of this merchant's was changed then."""


def apply(*, merchant: Merchant = None, as_json: AsJson = False) -> None:
    """Bring the connections of config/merchants/<merchant>/pos into force; one without a file any more ends."""
    settings = load_settings()
    folder, loaded = files_of(settings, merchant)
    found = _load(folder, loaded.program)
    if found is None:
        fail("nothing was changed: the connections that were in force stay so")
    whose = loaded.program.merchant
    applied = asyncio.run(_apply(settings, whose, found, stamp_of(settings), ends=True))
    gone = applied.without_file
    _note(settings, whose, applied.changed, gone)
    if as_json:
        print_json({"in_force": [each.name for each in found], "ended": gone})
        return
    for each in found:
        answer(f"{each.name}: in force ({each.system})")
    for each_gone in gone:
        answer(f"{each_gone}: ended, its file is gone")


def apply_beside(settings: Settings, folder: Path, program: Program, now: int) -> Applied:
    """Bring new and changed connections into force; say of those without a file which command would end them.

    Whoever publishes rules from a folder without the connections' files must not cut off the tills by it.
    """
    found = _load(folder, program)
    if found is None:
        say(f"{program.merchant}: its connections to tills stay as they were")
        return Applied([], [], wrong=True)
    applied = asyncio.run(_apply(settings, program.merchant, found, now, ends=False))
    _note(settings, program.merchant, applied.changed, [])
    for name in applied.without_file:
        say(f"{program.merchant}: the connection {name} has no file here and stays; `stamgast pos apply` would end it")
    return applied


def _note(settings: Settings, merchant: str, changed: list[str], ended: list[str]) -> None:
    words = [*(f"{each}: in force" for each in changed), *(f"{each}: ended" for each in ended)]
    note_done(settings, Did.CONNECTION_CHANGED, *(About(merchant, words=each) for each in words))


def _load(folder: Path, program: Program) -> list[Connection] | None:
    """The connections of a merchant's folder; None where one has mistakes, which are said."""
    from rules.yaml.problems import render_problems
    from stamgast.pos.connections import load_connections

    found, problems = load_connections(folder, program.stores, registry().names)
    if problems:
        say(render_problems(problems))
    return None if problems else found


async def _apply(settings: Settings, merchant: str, found: list[Connection], now: int, *, ends: bool) -> Applied:
    from stamgast.commands.finding import Reasons
    from stamgast.log.topics import Topics
    from stamgast.tills.record import Name, record_of
    from stamgast.tills.shelf import append_connections, read_connections, remove_connection

    topics, bootstrap = Topics(settings.partitions, settings.topic_prefix), kafka_of(settings, to_append=True)
    with Reasons():
        table = await read_connections(bootstrap, topics.connections)
        known = {each.name: each for each in table.filed(merchant)}
        changed = [each for each in found if _differs(each, known.get(each.name), now)]
        gone = _without(known, found)
        await append_connections(bootstrap, topics.connections, [record_of(each, now) for each in changed])
        for name in gone if ends else ():
            await remove_connection(bootstrap, topics.connections, Name(merchant, name))
    return Applied([each.name for each in changed], gone)


def _differs(filed: Connection, known: Connection | None, now: int) -> bool:
    from stamgast.tills.record import record_of

    return known is None or record_of(filed, now) != record_of(known, now)


def _without(known: Collection[str], found: list[Connection]) -> list[str]:
    names = {each.name for each in found}
    return [name for name in known if name not in names]
