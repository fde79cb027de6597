"""`stamgast rules launch`, `history` and `rollback`: what is in force, since when, by whom and why."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, print_json, say
from stamgast.commands.finding import Reasons
from stamgast.commands.noting import note_done
from stamgast.commands.signing import By, Why, sign
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.log.topics import Topics
    from stamgast.programs.versions import Version
    from stamgast.programs.writer import InForce
    from stamgast.settings import Settings

T = TypeVar("T")

Merchant = Annotated[str, typer.Option("--merchant", help="Of which merchant, where several are in force.")]
WaitS = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for it to be in force everywhere.")]

_WAIT_S: Final = 20.0
_MOST_SHOWN: Final = 40


def launch(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    status: Annotated[list[str], typer.Argument(help="draft, shadow, canary 5%, live or paused.")],
    *,
    why: Why = "",
    by: By = "",
    merchant: Merchant = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="Live even without tests, or with tests that fail.")] = False,
    expect: Annotated[
        int, typer.Option("--expect", min=0, help="Messages a day that are expected, for the trip wire on volume.")
    ] = 0,
    backtest: Annotated[
        Path | None, typer.Option("--backtest", metavar="FILE", help="What `rules backtest --json` said: as --expect.")
    ] = None,
    wait: WaitS = _WAIT_S,
    as_json: AsJson = False,
) -> None:
    """Give a rule that is in force another status, without an edit of its file; wait until it is so everywhere."""
    from rules.yaml.words import WordError, parse_status
    from stamgast.audit.record import About, Did
    from stamgast.programs.launching import RefusedLaunchError, Wanted
    from stamgast.programs.launching import launch as launch_rule

    written = " ".join(status)
    try:
        parse_status(written)
    except WordError as error:
        misuse(f"{error}. {error.hint}")
    _must_say(why)
    settings, topics = _ready()
    wanted = Wanted(rule, written, merchant, expect if backtest is None else _foretold(backtest, rule), anyway=anyway)
    signed = sign(settings, why, by)
    try:
        done = _run(launch_rule(kafka_of(settings, to_append=True), topics.programs, wanted, signed))
    except RefusedLaunchError as error:
        fail(str(error))
    if done.is_new:
        whose = done.version.record.merchant
        note_done(
            settings,
            Did.LAUNCHED,
            About(whose, rule=rule, words=f"{done.status}: {why}" if why else done.status),
            by=by,
        )
    waiting = _wait(settings, topics, done.version, wait)
    if as_json:
        print_json(_document(done.version, waiting) | {"rule": rule, "was": done.was, "status": done.status})
        return
    if not done.is_new:
        answer(f"{rule} is {written} already, by version {done.version.number}")
    else:
        answer(f"{rule}: {done.was} → {done.status}, {_in_words(done.version, settings, waiting)}")
        if done.withdraws:
            answer("  messages of its first hour that still wait in its `undo_window` are withdrawn")


def rollback(
    version: Annotated[str, typer.Argument(help="Its number, or the beginning of its hash; the one before.")] = "",
    *,
    why: Why = "",
    by: By = "",
    merchant: Merchant = "",
    wait: WaitS = _WAIT_S,
    as_json: AsJson = False,
) -> None:
    """Bring the files and launches of an older version back into force, as a new version."""
    from stamgast.audit.record import About, Did
    from stamgast.programs.launching import RefusedLaunchError, roll_back

    _must_say(why)
    settings, topics = _ready()
    signed = sign(settings, why, by)
    try:
        whose, done = _run(
            roll_back(kafka_of(settings, to_append=True), topics.programs, version, signed, merchant=merchant)
        )
    except RefusedLaunchError as error:
        fail(str(error))
    if done.is_new:
        note_done(settings, Did.ROLLED_BACK, About(whose, version=str(done.of), words=why), by=by)
    waiting = _wait(settings, topics, done.version, wait)
    differ = done.is_new and _files_differ(settings, done.version)
    if as_json:
        statuses = {rule: {"was": was, "status": now} for rule, (was, now) in done.statuses.items()}
        told = {"of": done.of, "statuses": statuses, "files_differ": differ}
        print_json(_document(done.version, waiting) | told)
    elif not done.is_new:
        answer(f"{whose}: what is in force is the same as version {done.of}")
    else:
        answer(f"{whose}: version {done.of} is back, {_in_words(done.version, settings, waiting)}")
        for rule, (was, now) in done.statuses.items():
            answer(f"  {rule}: {was} → {now}")
    if differ:
        say(
            f"the files in {settings.config_dir} are others now, and are not published again before they are edited; "
            "`stamgast rules history --files DIR` writes those that are in force"
        )


def history(
    rule: Annotated[str, typer.Argument(help="Only versions in which this rule changed.")] = "",
    *,
    merchant: Merchant = "",
    files: Annotated[
        Path | None, typer.Option("--files", metavar="DIR", help="Write the files of a version below this folder.")
    ] = None,
    version: Annotated[
        str, typer.Option("--version", help="Number or hash of the version that --files writes; the one in force.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List every version that ever came into force: number, when, by whom, why, and what changed in it."""
    settings, topics = _ready()
    found = _run(_versions(kafka_of(settings), topics.programs, merchant, rule if files is None else ""))
    if not found:
        what = f"no version changed a rule {rule!r}" if rule else "nothing was ever published"
        fail(what + (f" of {merchant}" if merchant else ""))
    if files is not None:
        _write(found, files, version, merchant, in_json=as_json)
    elif as_json:
        print_json({"versions": [each.as_json() for each in found]})
    else:
        if len(found) > _MOST_SHOWN:
            say(f"{len(found) - _MOST_SHOWN} older ones are not shown; --json has them all")
        for each in found[-_MOST_SHOWN:]:
            _tell(each)


def _foretold(file: Path, rule: str) -> int:
    """Messages a day that a backtest foretold, at least one."""
    from datetime import date

    import msgspec

    from stamgast.domain.errors import UNREADABLE, in_plain_words

    try:
        found = msgspec.json.decode(file.read_bytes())
        days = (date.fromisoformat(found["to"]) - date.fromisoformat(found["from"])).days + 1
        return max(1, -(-int(found["rules"][rule]["would_send"]) // days))
    except (OSError, *UNREADABLE) as error:
        fail(f"{file} is not what `rules backtest --json` says of {rule}: {in_plain_words(error)}")
    except (KeyError, TypeError, ZeroDivisionError):
        fail(
            f"{file} is not what `rules backtest --json` says of {rule}: it has no `from`, `to` and `would_send` of it"
        )


def _must_say(why: str) -> None:
    if not why.strip():
        misuse('say why with --why "…": the history tells it to whoever asks later')


def _ready() -> tuple[Settings, Topics]:
    """Read the settings and check the topics."""
    from stamgast.log.topics import Topics, check_topics

    settings = load_settings()
    topics = Topics(settings.partitions, settings.topic_prefix)
    with Reasons():
        check_topics(kafka_of(settings), topics)
    return settings, topics


def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    from stamgast.log.producers import EmitError
    from stamgast.programs.record import BundleTooLargeError

    with Reasons():
        try:
            return asyncio.run(work)
        except (EmitError, BundleTooLargeError) as error:
            fail(str(error))


async def _versions(bootstrap: str, topic: str, merchant: str, rule: str) -> list[Version]:
    from stamgast.programs.versions import versions

    return [each async for each in versions(bootstrap, topic, merchant, rule)]


def _wait(settings: Settings, topics: Topics, version: InForce, seconds: float) -> list[int] | None:
    """Wait until it is in force; the partitions where it is not yet, None if nobody can tell."""
    import asyncio

    from stamgast.programs.barriers import wait_for_barrier
    from stamgast.state.errors import StateError
    from stamgast.state.nodes import Redis

    async def wait() -> list[int] | None:
        redis = Redis(settings.redis_url, patience_s=max(1.0, min(seconds, _WAIT_S)))
        try:
            return await wait_for_barrier(redis, topics.partitions, version.record.merchant, version.number, seconds)
        except (StateError, TimeoutError) as error:
            say(f"Redis does not say where it is in force by now ({error}); it comes into force all the same")
            return None
        finally:
            redis.close()

    return asyncio.run(wait())


def _in_words(version: InForce, settings: Settings, waiting: list[int] | None) -> str:
    """Where a version is in force."""
    which = f"version {version.number} ({version.record.hash[:12]})"
    if waiting is None:
        return which
    if not waiting:
        return f"{which}, in force everywhere"
    if len(waiting) == settings.partitions:
        return f"{which}, in force nowhere yet: it comes into force as soon as a worker runs"
    rest = ", ".join(map(str, waiting))
    return f"{which}, not in force yet in partitions {rest}; it comes into force there as soon as a worker has them"


def _document(version: InForce, waiting: list[int] | None) -> dict[str, Any]:
    from stamgast.programs.versions import as_json

    return {"versions": [as_json(version)], "in_force_everywhere": waiting == [], "waiting_partitions": waiting}


def _files_differ(settings: Settings, version: InForce) -> bool:
    """Whether the merchant's folder holds other files than those in force, as `publish` would append them."""
    from rules.loader import load_merchant
    from stamgast.bootstrap import seals_phones_of
    from stamgast.programs.folders import MERCHANTS
    from stamgast.programs.staff_phones import with_sealed_phones

    folder = settings.config_dir / MERCHANTS / version.record.merchant
    if not folder.is_dir():
        return False
    loaded = with_sealed_phones(load_merchant(folder), version.record.clv, seals_phones_of(settings))
    return loaded.files != version.record.files


def _write(found: list[Version], folder: Path, wanted: str, merchant: str, *, in_json: bool) -> None:
    from stamgast.programs.launching import RefusedLaunchError, chosen_version, merchant_of
    from stamgast.programs.versions import as_json, write_files

    try:
        whose = merchant_of([each.merchant for each in found], merchant)
        own = [each.in_force for each in found if each.merchant == whose]
        version = chosen_version(whose, own, wanted) if wanted else own[-1]
        paths = write_files(version.record, folder)
    except (RefusedLaunchError, OSError) as error:
        fail(str(error))
    if in_json:
        print_json({"files": [str(path) for path in paths], "versions": [as_json(version)]})
    else:
        answer(f"{so_many(len(paths), 'file')} of version {version.number} of {whose} in {folder / whose}")


def _tell(version: Version) -> None:
    shown = version.as_json()
    who = f" by {shown['who']}" if shown["who"] else ""
    why = f": {shown['why']}" if shown["why"] else ""
    status = f" [{version.status}]" if version.status else ""
    answer(f"{shown['merchant']} {shown['number']} ({shown['hash'][:12]}) {version.at}{who}{why}{status}")
    for line in version.changed:
        answer(f"    {line}")
