"""`stamgast pos status`, `pos poll` and `pos replay`: how connections are, and what they missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, print_json, say
from stamgast.commands.finding import Reasons
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.domain.program import Program
    from stamgast.log.dead_letters import DeadLetter
    from stamgast.pos.connections import Connection
    from stamgast.settings import Settings
    from stamgast.tills.intake import Came
    from stamgast.tills.reconcile import Polled, Reconciler
    from stamgast.tills.record import Name
    from stamgast.tills.table import ConnectionTable

Merchant = Annotated[str, typer.Option(help="Of one merchant only.")]


def status(*, merchant: Merchant = "", as_json: AsJson = False) -> None:
    """Tell of every connection and store when it was last heard of, and whether that is usual for it."""
    from stamgast.tills.unmapped import in_words

    settings = load_settings()
    with Reasons():
        rows = asyncio.run(_rows(settings, merchant))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        last = row["last_event"] or "nothing yet"
        where = f"{row['merchant']}  {row['connection']:<16} {row['system']:<14} {row['store']:<16}"
        answer(f"{where} {row['health']:<8} {last}")
        if row["trouble"]:
            answer(f"    polling fails: {row['trouble']}")
        if row["webhooks"]["trouble"]:
            answer(f"    webhooks: {row['webhooks']['trouble']}")
        elif row["webhooks"]["made_at"]:
            answer(f"    webhooks were made {row['webhooks']['made_at']}")
        if row["payments_without_sale"]:
            waiting = f"{row['payments_without_sale']:,} payments of the last week fit no sale"
            answer(f"    {waiting}: `stamgast pos payments {row['merchant']}`")
    for (_, connection), places in {(row["merchant"], row["connection"]): row["unmapped"] for row in rows}.items():
        for each in places:
            answer(f"    {in_words(connection, each)}")
    if not rows:
        answer("no connection is in force; `stamgast pos connect` makes one")


def poll(
    connection: Annotated[str, typer.Argument(help="The connection, as `pos status` shows it.")],
    *,
    merchant: Annotated[str, typer.Option(help="Whose, where several have one of this name.")] = "",
    deep: Annotated[bool, typer.Option("--deep", help="Look days back, as every night.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask a system's API now for what changed, and take it in; what comes again changes nothing."""
    from stamgast.commands.stamping import stamp_of
    from stamgast.pos.adapter import ApiError

    settings = load_settings()
    try:
        with Reasons():
            found = asyncio.run(_poll(settings, merchant, connection, stamp_of(settings), deep=deep))
    except ApiError as error:
        fail(f"{connection}: {error}")
    if as_json:
        told = {"pages": found.pages, "taken": found.taken, "laid_aside": found.laid_aside, "more": found.more}
        print_json({"connection": connection, "paid": found.paid} | told)
        return
    taken = so_many(found.taken, "purchase or refund", "purchases and refunds")
    answer(f"{connection}: {taken} in {so_many(found.pages, 'page')}")
    if found.paid:
        answer(f"found to their sales: {so_many(found.paid, 'payment')}")
    if found.laid_aside:
        answer(f"{found.laid_aside} could not be read: `stamgast dead-letters list`")
    if found.more:
        answer("there is more: run it again")


def replay(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The dead letter, as `dead-letters list` shows it.")],
    *,
    value: Annotated[Path | None, typer.Option(help="A file with the mended body.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take in a delivery that was laid aside, as if it came now; mended if --value is given."""
    from stamgast.commands.stamping import stamp_of
    from stamgast.pos.adapter import ApiError
    from stamgast.pos.problems import RefusedError

    settings = load_settings()
    try:
        mended = None if value is None else value.read_bytes()
    except OSError as error:
        misuse(f"{value}: {error.strerror}")
    try:
        with Reasons():
            came = asyncio.run(_replay(settings, letter_id, mended, stamp_of(settings)))
    except (ApiError, RefusedError) as error:
        fail(f"{letter_id}: {error}")
    if came.refused:
        fail(f"{letter_id}: it still cannot be taken: {came.reason}")
    if as_json:
        print_json({"id": letter_id, "taken": len(came.taken)})
    else:
        answer(f"{letter_id}: {so_many(len(came.taken), 'purchase or refund was', 'purchases and refunds were')} taken")


class Live(NamedTuple):
    """What polls and replays stand on."""

    reconciler: Reconciler
    programs: dict[str, Program]

    @property
    def table(self) -> ConnectionTable:
        """The connections in force."""
        return self.reconciler.tills.connections

    def find(self, name: Name) -> tuple[Connection, Program]:
        """A connection in force by its name, of a merchant or of the only one that has it."""
        from rules.yaml.problems import suggest

        everyone = self.table.all(name.merchant)
        found = [each for each in everyone if each.name == name.connection]
        if not found:
            fail(f"there is no connection {name.connection!r}. {suggest(name.connection, [e.name for e in everyone])}")
        if len(found) > 1:
            misuse(f"{name.connection} is of {', '.join(each.merchant for each in found)}: say --merchant")
        if found[0].merchant not in self.programs:
            fail(f"{found[0].merchant} has no programme in force: `stamgast publish` first")
        return found[0], self.programs[found[0].merchant]


@asynccontextmanager
async def live(settings: Settings) -> AsyncIterator[Live]:
    """What polls, replays and webhooks to make stand on."""
    from stamgast.bootstrap import tills_of
    from stamgast.lookup import newest_bundles, open_people
    from stamgast.people.last_heard import last_heard_over
    from stamgast.tills.intake import Door
    from stamgast.tills.payments import Payments
    from stamgast.tills.reconcile import Reconciler
    from stamgast.tills.shelf import read_connections

    bundles = await newest_bundles(settings)
    async with AsyncExitStack() as stack:
        people = await stack.enter_async_context(open_people(settings))
        topics, redis, append = people.topics, people.redis, people.appender.append
        tills = tills_of(settings, redis, stack, append)
        tills.connections = await read_connections(kafka_of(settings), topics.connections)
        tills.payments = Payments(redis, tills.connections)
        heard = last_heard_over(people.filling, topics.partitions)
        door = Door(people.identities, None, append, topics.purchases, heard, payments=tills.payments)
        reconciler = Reconciler(tills, door, append, topics.connections, topics.dead_letters)
        yield Live(reconciler, {name: bundle.program for name, bundle in bundles.items()})
        await tills.feeds.keep()


async def _poll(settings: Settings, merchant: str, connection: str, now: int, *, deep: bool) -> Polled:
    from stamgast.tills.record import Name

    async with live(settings) as parts:
        found, program = parts.find(Name(merchant, connection))
        return await parts.reconciler.poll(found, program, now, deep=deep)


async def _replay(settings: Settings, letter_id: str, mended: bytes | None, now: int) -> Came:
    from stamgast.pos.adapter import Context
    from stamgast.tills.letters import delivery_in
    from stamgast.tills.replaying import take_again

    letters = _letters(settings)
    letter = await asyncio.to_thread(_open, letters, letter_id)
    held = delivery_in(letter)
    if held is None:
        misuse(f"{letter_id} is no delivery of a till: `stamgast dead-letters replay` plays it again")
    name, delivery = held
    async with live(settings) as parts:
        reconciler, context = parts.reconciler, Context(*parts.find(name))
        came = await take_again(reconciler.tills, reconciler.door, context, delivery, now, mended=mended)
    if not came.refused:
        await asyncio.to_thread(letters.note_replayed, letter, now)
    return came


def _letters(settings: Settings) -> Any:
    from stamgast.identity.sealing import WrappingKeys
    from stamgast.log.dead_letters import DeadLetters, DeadLetterSeal
    from stamgast.log.topics import Topics

    try:
        keys = WrappingKeys.parse(settings.wrapping_keys.get_secret_value())
    except ValueError as error:
        misuse(str(error))
    topics = Topics(settings.partitions, settings.topic_prefix)
    return DeadLetters(kafka_of(settings, to_append=True), topics, DeadLetterSeal(keys))


def _open(letters: Any, letter_id: str) -> DeadLetter:
    from stamgast.identity.sealing import SealError
    from stamgast.log.dead_letters import DeadLetterError

    try:
        found: DeadLetter = letters.one(letter_id)
    except (DeadLetterError, SealError) as error:
        fail(str(error))
    return found


async def _rows(settings: Settings, merchant: str) -> list[dict[str, Any]]:
    from contextlib import aclosing

    from stamgast.bootstrap import open_redis, topics_of
    from stamgast.lookup import newest_bundles
    from stamgast.tills.feeds import FeedBook
    from stamgast.tills.payments import Payments
    from stamgast.tills.shelf import read_connections
    from stamgast.tills.status import rows_of

    bundles = await newest_bundles(settings, merchant)
    table = await read_connections(kafka_of(settings), topics_of(settings).connections)
    now, rows = settings.make_clock().now(), []
    async with aclosing(open_redis(settings)) as redis:
        book, payments = FeedBook(redis), Payments(redis, table)
        for connection in table.all(merchant):
            if connection.merchant in bundles:
                program = bundles[connection.merchant].program
                rows += await rows_of(connection, program, table, book, payments=payments, now=now)
            else:
                say(f"{connection.merchant} has no programme in force: {connection.name} takes nothing")
    return rows
