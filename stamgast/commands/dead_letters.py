"""`stamgast dead-letters`: look at what could not be read, mend it, play it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import (
    AsJson,
    answer,
    fail,
    kafka_of,
    load_settings,
    misuse,
    new_app,
    print_json,
    read_settings,
)

if TYPE_CHECKING:
    from stamgast.log.dead_letters import DeadLetters, Stored

app = new_app("List, show and replay what could not be read.", no_args_is_help=True)

LetterId = Annotated[str, typer.Argument(metavar="ID", help="As `dead-letters list` shows it: topic-partition-offset.")]


@app.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List the dead letters of the last 90 days, oldest first."""
    from stamgast.log.topics import TopicsError

    try:
        letters = [_described(stored) for stored in _open().all()]
    except TopicsError as error:
        fail(str(error))
    if as_json:
        print_json({"dead_letters": letters})
        return
    for letter in letters:
        replayed = f"  replayed {letter['replayed_at']}" if letter["replayed_at"] else ""
        answer(f"{letter['id']}  {letter['at']}  {letter['reason']}{replayed}")
    answer(f"{len(letters)} dead letters")


@app.command()
def show(letter_id: LetterId, *, as_json: AsJson = False) -> None:
    """Show a dead letter's reason and its raw key and value (which may be personal data)."""
    from stamgast.clock.shop_time import format_time
    from stamgast.identity.sealing import SealError
    from stamgast.log.dead_letters import DeadLetterError, as_text

    try:
        letter = _open().one(letter_id)
    except (DeadLetterError, SealError) as error:
        fail(str(error))
    if as_json:
        print_json(
            {"id": letter.id, "at": format_time(letter.at), "reason": letter.reason}
            | {"key": as_text(letter.key), "value": as_text(letter.value)}
        )
        return
    answer(f"{letter.id}\nat      {format_time(letter.at)}\nreason  {letter.reason}")
    for name, raw in (("key", letter.key), ("value", letter.value)):
        (text,) = as_text(raw).values()
        answer(f"{name:<7} {text}")


@app.command()
def replay(
    letter_id: LetterId,
    *,
    value: Annotated[Path | None, typer.Option(help="A file with the mended value to append in its place.")] = None,
    as_json: AsJson = False,
) -> None:
    """Append a dead letter's record to its topic again, mended if --value is given."""
    from kafka.errors import KafkaError

    from stamgast.audit.record import About, Did
    from stamgast.clock.shop_time import RealClock
    from stamgast.commands.noting import note_done
    from stamgast.identity.sealing import SealError
    from stamgast.log.dead_letters import DeadLetterError

    try:
        mended = None if value is None else value.read_bytes()
    except OSError as error:
        misuse(f"{value}: {error.strerror}")
    try:
        topic, partition, offset = _open().replay(letter_id, mended=mended, now=RealClock().now())
    except (DeadLetterError, SealError, KafkaError) as error:
        fail(str(error))
    note_done(read_settings(), Did.REPLAYED, About(words=letter_id))
    if as_json:
        print_json({"id": letter_id, "topic": topic, "partition": partition, "offset": offset})
    else:
        answer(f"{letter_id} now stands at {topic}-{partition}-{offset}")


def _open() -> DeadLetters:
    from stamgast.identity.sealing import WrappingKeys
    from stamgast.log.dead_letters import DeadLetters, DeadLetterSeal
    from stamgast.log.topics import Topics, TopicsError, check_topics

    settings = load_settings()
    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        keys = WrappingKeys.parse(settings.wrapping_keys.get_secret_value())
        check_topics(kafka_of(settings), topics)
    except ValueError as error:
        misuse(str(error))
    except TopicsError as error:
        fail(str(error))
    return DeadLetters(kafka_of(settings, to_append=True), topics, DeadLetterSeal(keys))


def _described(stored: Stored) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time

    replayed_at = format_time(stored.replayed_at) if stored.replayed_at else None
    where = {"topic": stored.topic, "partition": stored.partition, "offset": stored.offset}
    return {"id": stored.id, **where, "at": format_time(stored.at), "reason": stored.reason, "replayed_at": replayed_at}
