"""`stamgast feeds`: other systems (CRM, book-keeping) that are told what happens, by signed webhooks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.audit.record import About, Did
from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, new_app, print_json
from stamgast.commands.feed_words import FeedName, FeedWords, MerchantInstead, find, named, named_to_add, twice
from stamgast.commands.noting import note_done
from stamgast.commands.stamping import stamp_of
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from stamgast.feeds.record import Feed, Name, Progress, Written
    from stamgast.feeds.secrets import FeedSeal
    from stamgast.feeds.table import FeedTable
    from stamgast.settings import Settings

app = new_app("Other systems that are told what happens to customers, by signed webhooks.", no_args_is_help=True)

_MOST_PER_SECOND = 10_000


@app.command()
def add(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="MERCHANT NAME URL",
            help="Whose customers; what to call it (small letters, digits, - and _); where to: https, or http to this "
            "very machine.",
            show_default=False,
        ),
    ],
    *,
    merchant: MerchantInstead = "",
    only: Annotated[
        list[str] | None, typer.Option(help="A kind to send, such as fact.voucher; several times for several.")
    ] = None,
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="From when on (default: now).")] = "",
    per_second: Annotated[int, typer.Option(min=1, max=_MOST_PER_SECOND, help="How many a worker sends.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Add a feed and show its secret, once. What happened before is not sent, unless --from says since when."""
    from stamgast.domain.program import MERCHANT
    from stamgast.feeds.address import AddressError, read_address
    from stamgast.feeds.happened import UnknownKindError, check_wanted
    from stamgast.feeds.record import Feed, Name, feed_key
    from stamgast.feeds.secrets import new_secret
    from stamgast.pos.connections import NAME

    merchant, name, url = named_to_add(words, merchant)
    settings = load_settings()
    if not MERCHANT.fullmatch(merchant):
        misuse(f"{merchant!r} is not a merchant's name: write small letters, digits, - and _")
    if not NAME.fullmatch(name):
        misuse(f"{name!r} cannot be a feed's name: small letters, digits, - and _, at most 63")
    try:
        read_address(url)
        wanted = check_wanted(only or ())
    except (AddressError, UnknownKindError) as error:
        misuse(str(error))
    moment, seal, now = _moment(begin), _seal(settings), stamp_of(settings)
    secret, id_ = new_secret(), Name(merchant, name)

    async def work() -> None:
        await _check_new(settings, id_)
        sealed = (seal.seal(id_, secret),)
        begins = await _begins(settings, moment)
        feed = Feed(merchant, name, url, now, begins, wanted, sealed, per_second, turn=now)
        await _append(settings, [(feed_key(id_), _encoded(feed))])

    _run(work())
    note_done(settings, Did.FEED_CHANGED, About(merchant, words=f"{name}: added, to {url}"))
    if as_json:
        print_json({"feed": name, "merchant": merchant, "url": url, "only": list(wanted), "secret": secret})
    else:
        answer(f"{secret}\n\nFeed {name} of {merchant} is signed with this. It is not shown again.")


@app.command("list")
def list_feeds(
    whose: Annotated[str, typer.Argument(metavar="[MERCHANT]", help="Of one merchant only.", show_default=False)] = "",
    *,
    merchant: MerchantInstead = "",
    as_json: AsJson = False,
) -> None:
    """Show where each feed goes to, how it is, and how far it has come."""
    if whose and merchant:
        twice(whose, merchant, "stamgast feeds list MERCHANT")
    settings = load_settings()
    rows = _run(_rows(settings, whose or merchant))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        sent = f"{row['sent']:,} sent, {so_many(row['behind'], 'record')} behind"
        answer(f"{row['merchant']}  {row['feed']:<16} {row['state']:<8} {sent}  {row['url']}")
        if row["trouble"]:
            answer(f"    {row['trouble']}" + (f", since {row['failing_since']}" if row["failing_since"] else ""))
        if row["laid_aside"]:
            answer(f"    {len(row['laid_aside'])} were not taken: `{_again(row)}`")
        if row["lost"]:
            answer(f"    {so_many(row['lost'], 'record')} had been removed from their topics before they could be sent")
    if not rows:
        answer("no feed is in force; `stamgast feeds add` makes one")


def _again(row: Mapping[str, Any]) -> str:
    return f"stamgast feeds replay {row['merchant']} {row['feed']} --laid-aside"


@app.command()
def pause(words: FeedWords, *, merchant: MerchantInstead = "", as_json: AsJson = False) -> None:
    """Send nothing until it is resumed; what happens meanwhile waits on its topics."""
    feed = named(words, merchant, "pause")
    _change(feed, lambda _feed: {"paused": True}, "is paused", as_json=as_json)


@app.command()
def resume(words: FeedWords, *, merchant: MerchantInstead = "", as_json: AsJson = False) -> None:
    """Go on where it was: after a pause, after its other side had gone (410), or at once while it is down."""
    feed = named(words, merchant, "resume")
    _change(feed, lambda feed: {"paused": False, "wake": feed.wake + 1}, "goes on where it was", as_json=as_json)


@app.command()
def replay(
    words: FeedWords,
    *,
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="Everything since then.")] = "",
    laid_aside: Annotated[bool, typer.Option("--laid-aside", help="What its other side did not take.")] = False,
    merchant: MerchantInstead = "",
    as_json: AsJson = False,
) -> None:
    """Send again what happened since a time, or what was laid aside. Each has the id that it had before."""
    if bool(begin) == laid_aside:
        misuse("say what to send again: --from TIME, or --laid-aside")
    wanted = named(words, merchant, "replay")
    if laid_aside:
        _change(wanted, lambda feed: {"again": feed.again + 1}, "sends again what was laid aside", as_json=as_json)
        return
    moment, settings = _moment(begin), load_settings()
    begins = _run(_begins(settings, moment))
    now = stamp_of(settings)
    _change(
        wanted,
        lambda feed: {"begins": begins, "turn": max(now, feed.turn + 1), "wake": feed.wake + 1},
        f"sends again what happened since {begin}",
        as_json=as_json,
    )


@app.command()
def rotate(
    words: FeedWords,
    *,
    instead: Annotated[bool, typer.Option("--instead", help="The old secrets sign no more, at once.")] = False,
    merchant: MerchantInstead = "",
    as_json: AsJson = False,
) -> None:
    """Make another secret and show it, once. The one before signs beside it until the next is made."""
    from stamgast.feeds.secrets import new_secret

    wanted, secret = named(words, merchant, "rotate"), new_secret()
    seal = _seal(load_settings())
    _change(
        wanted,
        lambda feed: {"sealed": seal.rotated(feed, secret, instead=instead)},
        "is signed with this. It is not shown again",
        as_json=as_json,
        secret=secret,
    )


@app.command()
def remove(words: FeedWords, *, merchant: MerchantInstead = "", as_json: AsJson = False) -> None:
    """End a feed, and forget how far it had come."""
    from stamgast.feeds.record import ended

    wanted, settings = named(words, merchant, "remove"), load_settings()

    async def work() -> Feed:
        feed = find(await _table(settings), wanted)
        await _append(settings, ended(feed.id, settings.partitions))
        return feed

    found = _run(work())
    note_done(settings, Did.FEED_CHANGED, About(found.merchant, words=f"{found.name}: removed"))
    if as_json:
        print_json({"feed": found.name, "merchant": found.merchant, "removed": True})
    else:
        answer(f"Feed {found.name} of {found.merchant} is removed.")


def _change(
    wanted: FeedName,
    what: Callable[[Feed], dict[str, Any]],
    became: str,
    *,
    as_json: bool,
    secret: str = "",
) -> None:
    from msgspec.structs import replace

    from stamgast.feeds.record import feed_key

    settings = load_settings()
    now = stamp_of(settings)

    async def work() -> Feed:
        feed = find(await _table(settings), wanted)
        changed = replace(feed, at=max(now, feed.at + 1), **what(feed))
        await _append(settings, [(feed_key(changed.id), _encoded(changed))])
        return changed

    feed = _run(work())
    note_done(settings, Did.FEED_CHANGED, About(feed.merchant, words=f"{feed.name}: {became}"))
    if as_json:
        told = {"feed": feed.name, "merchant": feed.merchant, "paused": feed.paused, "secrets": len(feed.sealed)}
        print_json(told | ({"secret": secret} if secret else {}))
    else:
        answer(f"{secret}\n" * bool(secret) + f"Feed {feed.name} of {feed.merchant} {became}.")


async def _check_new(settings: Settings, name: Name) -> None:
    table = await _table(settings)
    if table.find(name) is not None:
        fail(f"{name.merchant} has a feed {name.feed} already: remove it first, or take another name")


async def _table(settings: Settings) -> FeedTable:
    from stamgast.bootstrap import topics_of
    from stamgast.feeds.shelf import read_feeds
    from stamgast.log.topics import check_topics

    topics = topics_of(settings)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    return await read_feeds(kafka_of(settings), topics.feeds)


async def _append(settings: Settings, records: list[Written]) -> None:
    from stamgast.bootstrap import topics_of
    from stamgast.feeds.shelf import append_feeds

    await append_feeds(kafka_of(settings, to_append=True), topics_of(settings).feeds, records)


def _encoded(feed: Feed) -> bytes:
    from stamgast.feeds.record import encode

    return encode(feed)


async def _begins(settings: Settings, moment: int | None) -> dict[str, tuple[int, ...]]:
    """Where topics are now, or were at a moment by Kafka's own time."""
    from stamgast.bootstrap import topics_of
    from stamgast.feeds.happened import SENT_TOPICS
    from stamgast.log.reading import LogReader

    topics = topics_of(settings)
    numbers = range(topics.partitions)
    async with LogReader(kafka_of(settings)) as reader:
        pairs = [(topics.prefix + topic, number) for topic in SENT_TOPICS for number in numbers]
        found = await (reader.ends(pairs) if moment is None else reader.since(pairs, moment))
    at = {(pair.topic, pair.partition): offset for pair, offset in found.items()}
    return {topic: tuple(at[topics.prefix + topic, number] for number in numbers) for topic in SENT_TOPICS}


async def _rows(settings: Settings, merchant: str) -> list[dict[str, Any]]:
    table = await _table(settings)
    feeds = table.all(merchant)
    ends = await _begins(settings, None) if feeds else {}
    return [_row(feed, table.progress(feed), ends, gone=table.is_gone(feed)) for feed in feeds]


def _row(
    feed: Feed, known: Mapping[int, Progress], ends: Mapping[str, tuple[int, ...]], *, gone: bool
) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time

    parts = {number: each for number, each in known.items() if each.turn == feed.turn}
    reached = {number: each.reached for number, each in parts.items()}
    behind = sum(
        max(0, end - (reached[number][topic] if number in reached else feed.begins[topic][number]))
        for topic, of_topic in ends.items()
        for number, end in enumerate(of_topic)
    )
    failing = min((each.failing_since for each in parts.values() if each.failing_since), default=0)
    trouble = next((each.trouble for each in parts.values() if each.trouble), "")
    last = max((each.last_sent for each in parts.values()), default=0)
    down = "down" if failing or trouble else "running"
    laid = [(number, each) for number, progress in known.items() for each in progress.refused]
    return {
        "feed": feed.name,
        "merchant": feed.merchant,
        "url": feed.url,
        "only": list(feed.only),
        "state": "paused" if feed.paused else "gone" if gone else down,
        "trouble": trouble or None,
        "failing_since": format_time(failing) if failing else None,
        "sent": sum(each.sent for each in parts.values()),
        "last_sent": format_time(last) if last else None,
        "behind": behind,
        "laid_aside": [
            {
                "topic": each.topic,
                "partition": number,
                "offset": each.offset,
                "why": each.why,
                "at": format_time(each.at),
            }
            for number, each in laid
        ],
        "lost": sum(each.lost for each in parts.values()),
        "unreadable": sum(each.unreadable for each in parts.values()),
        "secrets": len(feed.sealed),
        "per_second": feed.per_second,
    }


def _moment(text: str) -> int | None:
    from stamgast.clock.shop_time import parse_time

    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        misuse(f"--from {text}: {error}")


def _seal(settings: Settings) -> FeedSeal:
    from stamgast.bootstrap import feed_seal_of
    from stamgast.settings import SettingsError

    try:
        return feed_seal_of(settings)
    except SettingsError as error:
        misuse(str(error))


def _run(work: Awaitable[Any]) -> Any:
    from stamgast.commands.finding import Reasons

    async def wait() -> Any:
        return await work

    with Reasons():
        return asyncio.run(wait())
