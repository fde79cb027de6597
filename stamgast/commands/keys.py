"""`stamgast keys`: API keys of a merchant."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import Annotated, Any, TypeVar

import typer

from stamgast.api_keys.model import PRODUCE, SCOPES, ApiKey, MixedScopesError, Scope, check_scopes
from stamgast.audit.record import About, Did
from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, new_app, print_json, say
from stamgast.commands.noting import note_done
from stamgast.commands.stamping import stamp_of
from stamgast.domain.counting import so_many
from stamgast.domain.program import MERCHANT
from stamgast.domain.spelling import nearest
from stamgast.settings import Settings

app = new_app(
    "A merchant's API keys, each shown once; and the public key for sealed identifiers.", no_args_is_help=True
)

T = TypeVar("T")
Merchant = Annotated[str, typer.Argument(help="The merchant, such as bakkerij-noord.")]
_DEFAULT: tuple[Scope, ...] = ("intake", "till", "read")


@app.command()
def create(
    merchant: Merchant,
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"What it may do: {', '.join(SCOPES)}; several times for several (default {_DEFAULT})."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key; two with the same scopes may be in force, so that one can replace the other.

    A key of scope produce is for a producer of the shop's own, and proves what it writes to Kafka.
    """
    settings = load_settings()
    if not MERCHANT.fullmatch(merchant):
        misuse(f"{merchant!r} is not a merchant's name: write small letters, digits, - and _")
    wrong = [name for name in scope or () if name not in SCOPES]
    if wrong:
        misuse(f"there is no scope {wrong[0]!r}; there are {', '.join(SCOPES)}")
    scopes = tuple(name for name in SCOPES if name in (scope or _DEFAULT))
    try:
        check_scopes(scopes)
    except MixedScopesError as error:
        misuse(str(error))
    producers = _producers(settings) if PRODUCE in scopes else b""
    published = _run(_published(settings))  # first: if Kafka is away, no key is made and lost
    new = _run(_ring(settings, producers).create(merchant, scopes, stamp_of(settings)))
    note_done(settings, Did.KEY_MADE, About(merchant, key=new.record.id, words=", ".join(scopes)))
    if as_json:
        print_json(_shown(new.record) | {"key": new.text})
    else:
        answer(f"{new.text}\n\nThis is key {new.record.id} of {merchant} ({', '.join(scopes)}). It is not shown again.")
        if producers:
            answer("What is written to Kafka is proved with it: docs/producing.md, The proof.")
    if unknown := not_in_force(merchant, published):
        say(f"note: {unknown}")


@app.command()
def revoke(
    merchant: Merchant,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id.")],
    as_json: AsJson = False,
) -> None:
    """End a key, at once; what a producer proved before with it counts."""
    settings = load_settings()
    ended = _run(_ring(settings).revoke(merchant, key_id, stamp_of(settings)))
    note_done(settings, Did.KEY_REVOKED, About(merchant, key=ended.id))
    if as_json:
        print_json(_shown(ended))
    else:
        answer(f"Key {ended.id} of {merchant} is revoked.")


@app.command()
def public(merchant: Merchant, as_json: AsJson = False) -> None:
    """Show what identifiers on `purchases.v1` are sealed to. It derives from ID_KEY and never changes."""
    from stamgast.identity.sealed import public_key

    settings = load_settings()
    if not MERCHANT.fullmatch(merchant):
        misuse(f"{merchant!r} is not a merchant's name: write small letters, digits, - and _")
    key = public_key(_id_key(settings), merchant)
    if as_json:
        print_json({"merchant": merchant, "public_key": key})
    else:
        answer(key)


@app.command("list")
def list_keys(merchant: Merchant, as_json: AsJson = False) -> None:
    """Show the ids and scopes of a merchant's keys."""
    keys = _run(_ring(load_settings()).keys(merchant))
    if as_json:
        print_json({"merchant": merchant, "keys": [_shown(key) for key in keys]})
        return
    for key in keys:
        answer(f"{key.id}  {', '.join(key.scopes):<24}  {'revoked' if key.revoked_at else 'in force'}")


@app.command()
def rewrap(*, as_json: AsJson = False) -> None:
    """Wrap every customer's data key by the first of STAMGAST_WRAPPING_KEYS; may be repeated and cut short."""
    import asyncio

    from stamgast.commands.finding import Reasons
    from stamgast.identity.sealing import WrappingKeys
    from stamgast.lookup import open_people
    from stamgast.people.rewrap import Rewrapped, rewrap_all

    settings = load_settings()
    now = stamp_of(settings)

    def tell(looked_at: int) -> None:
        if looked_at % 4_096 == 0:
            say(f"{so_many(looked_at, 'key')} looked at")

    async def run() -> Rewrapped:
        async with open_people(settings) as people:
            return await rewrap_all(people.identities, now, tell)

    with Reasons():
        done = asyncio.run(run())
    newest = WrappingKeys.parse(settings.wrapping_keys.get_secret_value()).newest
    if as_json:
        print_json({"newest": newest, "keys": done.keys, "rewrapped": done.rewrapped, "unreadable": done.unreadable})
    else:
        answer(
            f"{done.keys:,} data keys are wrapped by {newest}; {done.rewrapped:,} of them were wrapped by an older key"
        )
    if done.unreadable:
        fail(f"{done.unreadable:,} data keys were wrapped by a key that is not among STAMGAST_WRAPPING_KEYS")


def not_in_force(merchant: str, published: Collection[str]) -> str:
    """Say so if nothing is published under this name (yet): it may be a slip, and then the key opens nothing."""
    if merchant in published:
        return ""
    near = nearest(merchant, published)
    known = f"did you mean {near!r}?" if near else f"published: {', '.join(sorted(published)) or 'none yet'}"
    return f"no programme of {merchant!r} is in force yet; {known}"


async def _published(settings: Settings) -> Collection[str]:
    from stamgast.log.topics import Topics
    from stamgast.programs.history import BundleShelf

    shelf = BundleShelf()
    await shelf.load(kafka_of(settings), Topics(settings.partitions, settings.topic_prefix).programs)
    return shelf.newest


def _id_key(settings: Settings) -> bytes:
    from stamgast.bootstrap import id_key_of
    from stamgast.settings import SettingsError

    try:
        return id_key_of(settings)
    except SettingsError as error:
        misuse(str(error))


def _producers(settings: Settings) -> bytes:
    from stamgast.identity.sealing import derive_producer_key

    return derive_producer_key(_id_key(settings))


def _ring(settings: Settings, producers: bytes = b"") -> Any:
    from stamgast.api_keys.admin import Keyring
    from stamgast.log.topics import Topics

    topic = Topics(settings.partitions, settings.topic_prefix).api_keys
    return Keyring(kafka_of(settings, to_append=True), topic, producers)


def _shown(key: ApiKey) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time

    return {
        "id": key.id,
        "merchant": key.merchant,
        "scopes": list(key.scopes),
        "created_at": format_time(key.created_at),
        "revoked_at": format_time(key.revoked_at) if key.revoked_at else None,
    }


def _run(work: Awaitable[T]) -> T:
    import asyncio

    from aiokafka.errors import KafkaError

    from stamgast.api_keys.admin import UnknownKeyError
    from stamgast.api_keys.model import TooManyKeysError
    from stamgast.log.appender import NotAppendedError

    async def wait() -> T:
        return await work

    try:
        return asyncio.run(wait())
    except (TooManyKeysError, UnknownKeyError, NotAppendedError, KafkaError) as error:
        fail(str(error) or type(error).__name__)
