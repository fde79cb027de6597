"""`stamgast export`: all of a merchant, or all that is kept of one customer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json, progress
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stamgast.settings import Settings

app = new_app("Write down all of a merchant, or all that is kept of one customer.")


@app.command()
def export(
    merchant: Annotated[str, typer.Option("--merchant", help="Whose customers they are.")],
    customer: Annotated[str, typer.Option(help="One customer alone: id, phone or membership number.")] = "",
    to: Annotated[Path | None, typer.Option(help="A new folder for the files; needed for all of a merchant.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write down all customers of a merchant, or one of them: profile, consents with their proofs, purchases, messages.

    Of one customer it is a JSON document on standard output, or that and a CSV of each list in a folder; of a merchant
    it is a folder of CSVs, a line of JSON for each customer, and what tills told. Pictures that they sent come along
    into a folder. This is personal data.
    """
    settings = load_settings()
    if not customer and to is None:
        misuse("all of a merchant is written into a folder: say which with --to FOLDER")
    from stamgast.audit.record import About, Did
    from stamgast.commands.finding import Reasons
    from stamgast.commands.noting import note_done
    from stamgast.lists.export import FolderError
    from stamgast.media.store import StoreError

    try:
        with Reasons():
            if customer:
                document = asyncio.run(_one(settings, merchant, customer, to))
                note_done(settings, Did.CUSTOMER_EXPORTED, About(merchant, customer=document["customer"]))
                _tell_one(document, to, as_json=as_json)
            elif to is not None:
                rows = asyncio.run(_all(settings, merchant, to))
                note_done(settings, Did.EXPORTED, About(merchant))
                _tell_all(rows, merchant, to, as_json=as_json)
    except (FolderError, StoreError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{to}: {error.strerror or error}")


async def _one(settings: Settings, merchant: str, identifier: str, to: Path | None) -> dict[str, Any]:
    from contextlib import closing

    from stamgast.carriers import pictures_of
    from stamgast.lists.export import Tables
    from stamgast.lists.pictures import Pictures
    from stamgast.lists.writing_out import Describing, read_customer
    from stamgast.lookup import name_customer, newest_bundle, open_people

    tables = None if to is None else Tables(to)
    pictures = Pictures(pictures_of(settings), to)
    async with open_people(settings) as people:
        customer, _ = await name_customer(settings, people, merchant, identifier)
        program = (await newest_bundle(settings, people.topics, merchant))[1].program
        if tables is not None:
            tables.open()
        describing = Describing(people, program, settings.make_clock().now(), pictures)
        document = await read_customer(settings, describing, customer)
    if tables is not None:
        with closing(tables), tables.file("customer.json") as file:
            file.write(_as_text(document))
            tables.add(document)
    return document


async def _all(settings: Settings, merchant: str, to: Path) -> Mapping[str, int]:
    from stamgast.carriers import pictures_of
    from stamgast.lists.pictures import Pictures
    from stamgast.lists.writing_out import Describing, write_merchant
    from stamgast.lookup import newest_bundle, open_people

    tell, close = progress("partitions")
    async with open_people(settings) as people:
        program = (await newest_bundle(settings, people.topics, merchant))[1].program
        try:
            pictures = Pictures(pictures_of(settings), to, apart=True)
            describing = Describing(people, program, settings.make_clock().now(), pictures)
            return await write_merchant(settings, describing, to, tell)
        finally:
            close()


def _tell_one(document: dict[str, Any], to: Path | None, *, as_json: bool) -> None:
    if to is None and not as_json:
        answer(_as_text(document))
    elif as_json:
        print_json(document)
    else:
        answer(f"{document['customer']} of {document['merchant']}: {_what_is_there(document)} are in {to}")
        for each in document["pictures"]:
            if each["missing"]:
                answer(f"picture {each['picture']} of {each['at']} is not there: {each['missing']}")


def _what_is_there(document: dict[str, Any]) -> str:
    pictures = sum(each["file"] is not None for each in document["pictures"])
    beside = [so_many(pictures, "picture")] if pictures else []
    return ", ".join(["customer.json", *beside]) + " and a CSV of each list"


def _tell_all(rows: Mapping[str, int], merchant: str, to: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"merchant": merchant, "folder": str(to), "rows": dict(rows)})
        return
    for name, count in rows.items():
        answer(f"{to / name}  {so_many(count, 'row')}")


def _as_text(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False)
