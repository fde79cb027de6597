"""`stamgast pos connect`: a connection of a merchant, from a few answers."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.audit.record import About, Did
from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, print_json, say
from stamgast.commands.merchant_files import files_of
from stamgast.commands.noting import note_done
from stamgast.commands.pos_systems import adapter_of, registry
from stamgast.commands.stamping import stamp_of
from stamgast.pos.roles import Role

if TYPE_CHECKING:
    from pathlib import Path

    from stamgast.domain.program import Store
    from stamgast.pos.adapter import Adapter, Need
    from stamgast.pos.connections import Connection, PosSeal
    from stamgast.settings import Settings
    from stamgast.tills.first_sale import FirstSale
    from stamgast.tills.record import SubscriptionRecord

GENERIC = "generic"
Merchant = Annotated[str | None, typer.Option(help="For whom; not needed where there is one merchant.")]


def connect(
    system: Annotated[str, typer.Argument(help="The system, as `stamgast pos systems` lists it.")],
    *,
    merchant: Merchant = None,
    name: Annotated[str, typer.Option(help="What to call the connection (default: as the system).")] = "",
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=ANSWER", help="An answer instead of being asked; @FILE reads it there."),
    ] = None,
    stores: Annotated[
        list[str] | None, typer.Option("--store", metavar="PLACE=STORE", help="Which store a place of the system is.")
    ] = None,
    api_url: Annotated[str, typer.Option(help="Where its API is, if not where it usually is.")] = "",
    role: Annotated[Role | None, typer.Option(help="What it tells: sales, or only how others' were paid.")] = None,
    instead: Annotated[bool, typer.Option("--instead", help="New secrets replace the old ones at once.")] = False,
    subscribe: Annotated[
        bool, typer.Option("--subscribe", help="Make the webhooks by the system's API; needs one that may write.")
    ] = False,
    wait_s: Annotated[int, typer.Option("--wait", min=0, help="Seconds to wait for the first sale.")] = 600,
    as_json: AsJson = False,
) -> None:
    """Connect a system of tills: ask for what it needs, seal it, say which address to paste, wait for the first sale.

    Run again for the same connection to change it: a new secret goes before the old one, and both count.
    """
    from stamgast.tills.files import write_connection
    from stamgast.tills.subscriptions import address_of

    settings = load_settings()
    folder, loaded = files_of(settings, merchant)
    seal = _seal(settings)
    known = _known(folder, loaded.program.stores, name or system, system)
    adapter = _mapped(known) if system == GENERIC else adapter_of(system)
    if subscribe and not adapter.capabilities.subscribes:
        how = f" {adapter.clicks}" if adapter.clicks else ""
        misuse(f"{adapter.name} lets nobody make its webhooks by its API: leave --subscribe out.{how}")
    given = _given(values or [], adapter)
    answers = _asked(adapter, given, known, ask=sys.stdin.isatty() and not as_json)
    connection = _answered(known, adapter, answers, seal, instead=instead)
    connection = _placed(connection, _pairs(stores or [], "--store"), loaded.program.stores, api_url, role)
    try:
        path = write_connection(folder, connection)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"the file of {connection.name} cannot be written: {error}")
    begun = asyncio.run(_bring_into_force(settings, [connection], stamp_of(settings)))
    note_done(settings, Did.CONNECTION_CHANGED, About(connection.merchant, words=f"{connection.name}: in force"))
    url = address_of(settings.public_url, connection, adapter, seal)
    webhooks = _subscribed(settings, connection, adapter) if subscribe else ""
    if not as_json:
        where = f"\n{adapter.clicks}\n" if adapter.clicks else ""
        next_step = webhooks or f"Paste this address into {adapter.name}:\n\n    {url}\n{where}"
        answer(f"Wrote {path}; it is in force.\n{next_step}")
        if not url.startswith("https://"):
            say("note: STAMGAST_PUBLIC_URL is not https: most systems call no other address")
    seen = _wait(settings, connection, begun, wait_s) if wait_s else None
    if as_json:
        told = {"connection": connection.name, "system": adapter.name, "url": url, "file": str(path)}
        print_json(told | {"first_sale": None if seen is None else seen._asdict()})
    elif seen is not None:
        answer(seen.in_words(loaded.program.stores))
    elif wait_s:
        answer("no sale yet; `stamgast pos status` tells when there was one")


def _subscribed(settings: Settings, connection: Connection, adapter: Adapter) -> str:
    """What became of the webhooks; say what is the matter and exit where they could not be made."""
    from stamgast.commands.finding import Reasons
    from stamgast.pos.adapter import ApiError

    try:
        with Reasons():
            record = asyncio.run(_subscribe(settings, connection, adapter))
    except ApiError as error:
        fail(f"{connection.name} is in force, and its webhooks were not made: {error}")
    if record.trouble:
        fail(f"{connection.name} is in force, and its webhooks were not made: {record.trouble}")
    return "Its webhooks are there" if record.made_at < record.seen_at else f"Its webhooks were made at {adapter.name}"


def _seal(settings: Settings) -> PosSeal:
    from stamgast.bootstrap import wrapping_keys_of
    from stamgast.pos.connections import PosSeal
    from stamgast.settings import SettingsError

    try:
        return PosSeal(wrapping_keys_of(settings))
    except SettingsError as error:
        misuse(str(error))


def _known(folder: Path, stores: dict[str, Store] | Any, name: str, system: str) -> Connection:
    """The connection as its file has it, or a new one."""
    from rules.yaml.problems import render_problems
    from stamgast.pos.connections import NAME, Connection, load_connections

    if not NAME.fullmatch(name):
        misuse(f"--name {name!r} cannot be a connection's name: small letters, digits, - and _, at most 63")
    found, problems = load_connections(folder, stores, registry().names)
    if problems:
        say(render_problems(problems))
        fail("mend the files of the connections first")
    known = next((each for each in found if each.name == name), None)
    if known is not None and known.system != system:
        misuse(f"{name} is a connection to {known.system} already: give another --name")
    return known or Connection(folder.resolve().name, name, system)


def _mapped(known: Connection) -> Adapter:
    from stamgast.tills.tills import mapped_till

    if known.mapping is None:
        misuse(
            f"a generic connection begins with its mapping: write pos/{known.name}.yaml first (docs/pos/generic.md), "
            "try it with `stamgast pos try`, and give its name as --name"
        )
    return mapped_till(known.mapping)


def _given(values: list[str], adapter: Adapter) -> dict[str, str]:
    from pathlib import Path

    from rules.yaml.problems import suggest
    from stamgast.tills.files import needs_of

    names = [need.name for need in needs_of(adapter)]
    found = _pairs(values, "--set")
    for name, value in found.items():
        if name not in names:
            misuse(f"{adapter.name} needs no {name!r}. {suggest(name, names)}")
        if value.startswith("@"):
            try:
                found[name] = Path(value[1:]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                misuse(f"--set {name}: {value[1:]} cannot be read ({type(error).__name__})")
    return found


def _asked(adapter: Adapter, given: dict[str, str], known: Connection, *, ask: bool) -> dict[str, str]:
    """The answers: those that were given, and what a person says; what a connection has already may be left empty."""
    from stamgast.tills.files import ACCOUNT, needs_of

    answers = dict(given)
    for need in needs_of(adapter):
        if need.name in answers:
            continue
        has = bool(known.account) if need.name == ACCOUNT else need.name in known.sealed
        if ask and (told := _prompt(need, optional=need.optional or has)):
            answers[need.name] = told
        elif not (need.optional or has or answers.get(need.name)):
            misuse(f"{adapter.name} needs {need.name}: {need.asks}. Say --set {need.name}=…, or run it at a terminal")
    return answers


def _prompt(need: Need, *, optional: bool) -> str:
    text = f"{need.name}: {need.asks}{' (empty: leave it)' if optional else ''}"
    told = typer.prompt(text, default="" if optional else None, hide_input=need.secret, show_default=False)
    return str(told).strip()


def _answered(
    known: Connection, adapter: Adapter, answers: dict[str, str], seal: PosSeal, *, instead: bool
) -> Connection:
    from stamgast.tills.files import with_answers

    return with_answers(known, answers, adapter, seal, instead=instead)


def _placed(connection: Connection, pairs: dict[str, str], stores: Any, api_url: str, role: Role | None) -> Connection:
    from dataclasses import replace

    from rules.yaml.problems import suggest

    for place, store in pairs.items():
        if store not in stores:
            misuse(f"--store {place}={store}: there is no store {store!r}. {suggest(store, stores)}")
    return replace(
        connection,
        stores={**connection.stores, **pairs},
        api_url=api_url or connection.api_url,
        role=role or connection.role,
    )


def _pairs(values: list[str], option: str) -> dict[str, str]:
    found = {}
    for each in values:
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            misuse(f"{option} {name!r} is no pair: write NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


async def _subscribe(settings: Settings, connection: Connection, adapter: Adapter) -> SubscriptionRecord:
    """Make the webhooks by the system's API. Raises `ApiError`."""
    from stamgast.commands.pos_live import live
    from stamgast.pos.adapter import ApiError

    async with live(settings) as parts:
        tills, reconciler = parts.reconciler.tills, parts.reconciler
        watch = tills.subscriptions(reconciler.append, reconciler.connections_topic, settings.public_url)
        api = tills.apis.hooks_of(adapter, connection)
        if watch is None or api is None:
            spec = adapter.hooks or adapter.api
            raise ApiError(f"it has no `{spec.secret if spec else 'api'}`: run it again with --set, or at a terminal")
        return await watch.look(connection, adapter, api, settings.make_clock().now(), make=True)


async def _bring_into_force(settings: Settings, connections: list[Connection], now: int) -> dict[Any, int]:
    """Append them, and say where `purchases.v1` ended before."""
    from stamgast.commands.finding import Reasons
    from stamgast.log.reading import LogReader
    from stamgast.log.topics import Topics
    from stamgast.tills.record import record_of
    from stamgast.tills.shelf import append_connections

    topics, bootstrap = Topics(settings.partitions, settings.topic_prefix), kafka_of(settings, to_append=True)
    with Reasons():
        async with LogReader(bootstrap) as reader:
            ends = await reader.ends([(topics.purchases, number) for number in range(topics.partitions)])
        await append_connections(bootstrap, topics.connections, [record_of(each, now) for each in connections])
    return ends


def _wait(settings: Settings, connection: Connection, begun: dict[Any, int], seconds: int) -> FirstSale | None:
    from stamgast.commands.finding import Reasons

    say(f"waiting up to {seconds} s for the first sale; Ctrl-C leaves it connected")
    try:
        with Reasons():
            return asyncio.run(_first(settings, connection, begun, seconds))
    except KeyboardInterrupt:
        return None


async def _first(settings: Settings, connection: Connection, begun: dict[Any, int], seconds: int) -> FirstSale | None:
    from stamgast.log.reading import LogReader
    from stamgast.pos.webhook import source_of
    from stamgast.tills.first_sale import PAUSE_S, first_sale_of

    source = source_of(connection)
    async with LogReader(kafka_of(settings)) as reader:
        try:
            async with asyncio.timeout(seconds):
                while (seen := await first_sale_of(reader, source, begun)) is None:  # noqa: ASYNC110  a log is looked at
                    await asyncio.sleep(PAUSE_S)
        except TimeoutError:
            return None
    return seen
