"""`stamgast audit`: who did what at a merchant, and when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, new_app, print_json

if TYPE_CHECKING:
    from stamgast.audit.reading import Line
    from stamgast.settings import Settings
    from stamgast.users.names import NameSeal
    from stamgast.users.table import UserTable

app = new_app("Who did what, and when: on pages, at tills, by commands and API keys.", no_args_is_help=True)

_MOST: Final = 50
_AT_ONCE: Final = 500


@app.callback()
def main() -> None:
    """Who did what, and when: on pages, at tills, by commands and API keys."""


@app.command("list")
def list_notes(
    *,
    merchant: Annotated[str, typer.Option("--merchant", help="Whose; `-`: sign-ins that were nobody's.")],
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="So many, newest first.")] = _MOST,
    as_json: AsJson = False,
) -> None:
    """Show who did what at a merchant, newest first. This is personal data."""
    from aiokafka.errors import KafkaError

    from stamgast.audit.record import HOUSE
    from stamgast.domain.program import MERCHANT

    settings = load_settings()
    if merchant != HOUSE and not MERCHANT.fullmatch(merchant):
        misuse(f"{merchant!r} is not a merchant's name: write small letters, digits, - and _")
    try:
        lines, names = asyncio.run(_read(settings, merchant, most))
    except KafkaError as error:
        fail(str(error) or type(error).__name__)
    documents = [_document(line, names) for line in lines]
    if as_json:
        print_json({"merchant": merchant, "notes": documents})
        return
    for each in documents:
        about = ", ".join(f"{name} {value}" for name, value in each["about"].items())
        who = " ".join(filter(None, (each["actor"], each["name"] or each["id"])))
        words = f": {each['words']}" if each["words"] else ""
        answer(f"{each['at']}  {who:<24}  {each['did']:<20}  {about}{words}")
    if not documents:
        answer(f"nothing is noted of {merchant} yet")


async def _read(settings: Settings, merchant: str, most: int) -> tuple[list[Line], dict[str, str]]:
    from stamgast.audit.reading import Place, read_notes
    from stamgast.bootstrap import topics_of
    from stamgast.commands.noting import audit_seal_of
    from stamgast.log.tables import read_table
    from stamgast.users.table import UserTable

    topics, seal = topics_of(settings), audit_seal_of(settings)
    place = Place(kafka_of(settings), topics.audit, topics.partitions)
    lines: list[Line] = []
    before: int | None = None
    while len(lines) < most:
        page = await read_notes(place, seal, merchant, most=min(_AT_ONCE, most - len(lines)), before=before)
        lines += page.lines
        before = page.before
        if before is None:
            break
    return lines, _names(settings, await read_table(UserTable(), place.bootstrap, topics.users))


def _names(settings: Settings, table: UserTable) -> dict[str, str]:
    """What users and tills are called that are there still."""
    from stamgast.bootstrap import wrapping_keys_of
    from stamgast.users.names import NameSeal

    if not settings.wrapping_keys.get_secret_value():
        return {}
    seal: NameSeal = NameSeal(wrapping_keys_of(settings))
    return {record_id: seal.open(record_id, sealed) for record_id, sealed in table.sealed_names().items()}


def _document(line: Line, names: dict[str, str]) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time

    noted = line.noted
    return {
        "at": format_time(noted.at),
        "actor": noted.actor.value,
        "id": noted.who,
        "name": line.name or names.get(noted.who, ""),
        "did": noted.did.value,
        "about": dict(noted.about),
        "words": line.words,
    }
