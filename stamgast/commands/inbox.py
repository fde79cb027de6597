"""`stamgast inbox`: what customers sent, and their pictures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, new_app, print_json

if TYPE_CHECKING:
    from stamgast.media.inbox import Heard, Photo
    from stamgast.media.record import Record
    from stamgast.settings import Settings

app = new_app("Read what customers wrote, and look at the pictures that they sent.", no_args_is_help=True)

_MOST_DAYS = 30
_BESIDE = {None: ", on its way", "too_large": ", too large", "no_picture": ", none", "never": ", never came"}
"""What is said of a file that cannot be looked at."""


@app.command("list")
def list_(
    merchant: Annotated[str, typer.Argument(help="The merchant.")],
    *,
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="How far back.")] = 7,
    photos: Annotated[bool, typer.Option("--photos", help="Only messages with a picture to look at.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what customers wrote, newest first, with answers, scores and pictures. This is personal data."""
    from stamgast.clock.shop_time import format_time, on_the_wall
    from stamgast.commands.finding import Reasons
    from stamgast.lookup import newest_bundle, open_people
    from stamgast.media.inbox import Inbox

    settings = load_settings()
    now = settings.make_clock().now()

    async def read() -> tuple[list[Heard], str]:
        async with open_people(settings) as people:
            zone = (await newest_bundle(settings, people.topics, merchant))[1].program.time_zone
            inbox = Inbox(kafka_of(settings), people.topics, people.identities)
            return await inbox.read(merchant, now, days), zone

    with Reasons():
        found, zone = asyncio.run(read())
    shown = [as_document(each) for each in found if not photos or any(photo.is_kept for photo in each.photos)]
    if as_json:
        print_json({"merchant": merchant, "days": days, "messages": shown})
        return
    for each in shown:
        answer(in_a_line(each, on_the_wall(each["at"], zone)))
    if not shown:
        what = "a picture that can be looked at" if photos else "anything"
        answer(f"Nobody sent {what} in the last {days} days (until {on_the_wall(format_time(now), zone)}).")


@app.command()
def photo(
    media: Annotated[str, typer.Argument(metavar="ID", help="The picture's id, as `inbox list` shows it.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="The file to write (JPEG).")],
    as_json: AsJson = False,
) -> None:
    """Write a picture that a customer sent into a file. This is personal data."""
    from stamgast.commands.finding import Reasons

    settings = load_settings()
    with Reasons():
        jpeg, said = asyncio.run(_open(settings, media))
    try:
        out.write_bytes(jpeg)
    except OSError as error:
        fail(f"{out}: {error.strerror or error}")
    if as_json:
        print_json({"id": media, "merchant": said.merchant, "customer": said.customer, "out": str(out)})
    else:
        answer(f"{out}: {len(jpeg):,} bytes, sent by {said.customer} of {said.merchant}.")


async def _open(settings: Settings, media: str) -> tuple[bytes, Record]:
    from stamgast.carriers import pictures_of
    from stamgast.lookup import open_people
    from stamgast.media.inbox import find_photo
    from stamgast.media.looking import NotSeenError, look_at
    from stamgast.media.store import StoreError

    store = pictures_of(settings)
    async with open_people(settings) as people:
        said = await find_photo(kafka_of(settings), people.topics, media)
        if said is None:
            misuse(f"there is no picture {media!r}: `stamgast inbox list MERCHANT` shows their ids")
        key = await people.identities.key_of(said.merchant, said.customer)
    try:
        return await look_at(store, said, key), said
    except NotSeenError as error:
        fail(f"{media} cannot be looked at: {error}")
    except StoreError as error:
        fail(str(error))


def as_document(heard: Heard) -> dict[str, Any]:
    """A message as JSON has it; `photos` by their ids."""
    from stamgast.clock.shop_time import format_time

    words = heard.reply.words
    return {
        "at": format_time(heard.reply.at),
        "customer": heard.customer,
        "channel": heard.reply.channel,
        "text": words.text,
        "button": words.button,
        "media": words.media,
        "question": heard.question or None,
        "answer": heard.answer or None,
        "score": int(heard.answer) if heard.answer.isdecimal() else None,
        "photos": [_photo(each) for each in heard.photos],
    }


def _photo(photo: Photo) -> dict[str, Any]:
    return {
        "id": photo.id,
        "came": None if photo.came is None else photo.came.value,
        "width": photo.width or None,
        "height": photo.height or None,
        "bytes": photo.bytes or None,
    }


def _shown(said: str) -> str:
    """What somebody wrote, so that no letter of it moves the terminal that shows it."""
    return "".join(letter if letter.isprintable() else "·" for letter in said)


def in_a_line(document: dict[str, Any], at: str) -> str:
    """A message as people read it."""
    parts = [at, document["customer"], f"{document['channel']:<8}"]
    if document["question"]:
        parts.append(f"({document['question']}: {document['answer'] or 'in words'})")
    if said := document["text"] or document["button"]:
        parts.append(_shown(" ".join(said.split())))
    parts += [f"[photo {each['id']}{_BESIDE.get(each['came'], '')}]" for each in document["photos"]]
    others = document["media"] - len(document["photos"])
    if others > 0:
        parts.append(f"[{others} attached]")
    return "  ".join(parts)
