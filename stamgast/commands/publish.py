"""`stamgast publish`: check the merchants' files and bring them into force."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.answering import WRONG, AsJson, answer, fail, kafka_of, load_settings, new_app, print_json, say
from stamgast.commands.noting import note_done
from stamgast.commands.signing import By, Why, sign
from stamgast.domain.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stamgast.commands.pos_apply import Applied
    from stamgast.programs.publish import Published
    from stamgast.settings import Settings

app = new_app("Check the merchants' files and bring them into force.")

LOOK_EVERY_S = 1.0
_MOST_NAMED = 3


@app.command()
def publish(
    merchants: Annotated[list[str] | None, typer.Argument(help="Merchants to publish; all if none is named.")] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and publish whatever is saved.")] = False,
    why: Why = "",
    by: By = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="Even what was rolled back, or edited on a page.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check every file of each merchant; append what is right and new. What has errors stays as it was.

    New and changed connections to tills (pos/*.yaml) come into force with it; `stamgast pos apply` also ends one whose
    file is gone.
    """
    from stamgast.programs.publish import fingerprint

    settings = load_settings()
    seen = fingerprint(settings.config_dir)
    folders = _folders(settings.config_dir, merchants or [])
    asked = _Asked(why, by, as_json=as_json, all_of_them=not merchants, anyway=anyway)
    wrong = _publish(settings, folders, asked)
    if not watch:
        raise typer.Exit(WRONG if wrong else 0)
    say(f"watching {settings.config_dir}; Ctrl-C ends")
    while True:
        time.sleep(LOOK_EVERY_S)
        now = fingerprint(settings.config_dir)
        if now != seen and _publish_or_wait(settings, merchants or [], asked):
            seen = now


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for beside the merchants."""

    why: str
    by: str
    as_json: bool
    all_of_them: bool
    anyway: bool


def _publish_or_wait(settings: Settings, merchants: list[str], asked: _Asked) -> bool:
    """Publish what was saved; False if Kafka or the folder is away just now and it has to be tried again."""
    from aiokafka.errors import KafkaError

    from stamgast.log.producers import EmitError

    try:
        _publish(settings, _folders(settings.config_dir, merchants), asked)
    except (typer.Exit, KafkaError, EmitError, OSError) as error:
        if not isinstance(error, typer.Exit):  # which has said why
            say(f"not published yet: {error!r}")
        return False
    return True


def _folders(config_dir: Path, names: list[str]) -> list[Path]:
    from stamgast.programs.folders import MERCHANTS, merchant_folders

    known = {folder.name: folder for folder in merchant_folders(config_dir)}
    if not known:
        fail(f"there is no merchant in {config_dir / MERCHANTS}; each has a folder there with a program.yaml")
    for name in names:
        if name not in known:
            near = nearest(name, known)
            fail(f"there is no merchant {name!r}" + (f"; did you mean {near!r}?" if near else ""))
    return [known[name] for name in names] if names else list(known.values())


def _publish(settings: Settings, folders: list[Path], asked: _Asked) -> bool:
    """Publish once and tell; says whether anything was wrong."""
    from stamgast.audit.record import About, Did
    from stamgast.bootstrap import seals_phones_of
    from stamgast.log.topics import Topics, TopicsError, check_topics
    from stamgast.programs.publish import publish as append
    from stamgast.programs.publish import without_folder

    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        check_topics(kafka_of(settings), topics)
    except TopicsError as error:
        fail(str(error))
    signed = sign(settings, asked.why, asked.by)
    results = asyncio.run(
        append(
            kafka_of(settings, to_append=True), topics.programs, folders, signed.now,
            who=signed.who, why=signed.why, anyway=asked.anyway, seal=seals_phones_of(settings),
        )
    )  # fmt: skip
    for result in results:
        tell(result, as_json=asked.as_json)
    new = [About(each.merchant, version=str(each.number), words=asked.why) for each in results if each.is_new]
    note_done(settings, Did.PUBLISHED, *new, by=asked.by)
    if asked.all_of_them:
        gone = asyncio.run(without_folder(kafka_of(settings), topics.programs, folders))
        for merchant in gone:
            say(f"{merchant}: has no folder here any more and stays in force as it was published last")
    tills = _tills(settings, folders, results, signed.now, as_json=asked.as_json)
    if asked.as_json:
        done = [result for result in results if result.hash is not None]
        print_json(
            {
                "bundles": {result.merchant: result.hash for result in done},
                "barriers": {result.merchant: result.number for result in done},
                "refused": [result.merchant for result in results if result.hash is None],
                "connections": {merchant: applied.changed for merchant, applied in tills.items()},
            }
        )
    return any(result.hash is None for result in results) or any(each.wrong for each in tills.values())


def _tills(
    settings: Settings, folders: list[Path], results: Sequence[Published], now: int, *, as_json: bool
) -> dict[str, Applied]:
    """Bring connections into force: of merchants who have files of them, and whose programme stands."""
    from stamgast.commands.pos_apply import apply_beside
    from stamgast.pos.connections import FOLDER

    having = {folder.name: folder for folder in folders if any((folder / FOLDER).glob("*.yaml"))}
    applied = {}
    for result in results:
        if result.hash is None or result.merchant not in having:
            continue
        applied[result.merchant] = apply_beside(settings, having[result.merchant], result.loaded.program, now)
        for name in applied[result.merchant].changed if not as_json else ():
            answer(f"{result.merchant}: the connection {name} is in force")
    return applied


def tell(result: Published, *, as_json: bool = False) -> None:
    """Say what became of one merchant's files, and what is wrong with them."""
    from rules.yaml.problems import render_problems, suggest

    if result.loaded.problems:
        say(render_problems(result.loaded.problems))
    if result.hash is None:
        say(f"{result.merchant}: not published, {result.refusal}; the version in force, if there is one, keeps running")
        return
    for store in result.stores_gone:
        stores = result.loaded.program.stores
        say(
            f"{result.merchant}: the store {store!r} is no longer named. Tills that name it are still taken, by "
            f"the days of the merchant's own time zone; rules about a store pass them over. {suggest(store, stores)}"
        )
    for sentence in result.overruled:
        say(f"{result.merchant}: {sentence}")
    _tell_failing(result)
    if not as_json:
        state = "published" if result.is_new else "in force already"
        answer(f"{result.merchant}: {state}, bundle {result.hash[:12]}, barrier {result.number}")


def _tell_failing(result: Published) -> None:
    """Warn of what has come into force although a test of its own says that it is not meant so.

    No reason to refuse it: what a test of value expects may need a model that only what is in force can be fitted for.
    """
    from stamgast.programs.rule_tests import run_tests

    failing = [each.case for each in run_tests(result.loaded) if not each.passed] if result.is_new else []
    if not failing:
        return
    tests = "1 test fails" if len(failing) == 1 else f"{len(failing)} tests fail"
    names = ", ".join(f"{case.rule} ({case.name})" for case in failing[:_MOST_NAMED])
    more = f" and {len(failing) - _MOST_NAMED} more" if len(failing) > _MOST_NAMED else ""
    say(f"warning: {result.merchant}: {tests} with what is in force now: {names}{more}; `stamgast rules test` says why")
