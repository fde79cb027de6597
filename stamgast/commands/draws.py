"""`stamgast draws`: who took part, who won, whether that holds, and a prize that goes on to a reserve."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, new_app, print_json
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.draws.looking import Seen
    from stamgast.settings import Settings

T = TypeVar("T")

app = new_app("See draws and instant wins, recheck who won, let a prize go on to a reserve.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The draw, as program.yaml names it.")]
Merchant = Annotated[str, typer.Option("--merchant", help="Of which merchant, where several have such a draw.")]
_DONE: Final = 200


@app.command("list")
def list_draws(*, merchant: Merchant = "", as_json: AsJson = False) -> None:
    """List draws that are to come, open, or were drawn, with how many take part and whether they hold."""
    settings = load_settings()
    seen, now = _look(settings, merchant), settings.make_clock().now()
    documents = [each.document(now) for each in seen]
    if as_json:
        print_json({"draws": documents})
        return
    for each in documents:
        answer(f"{each['merchant']} {each['draw']}: {_in_words(each)}")
    answer(f"{len(documents)} draws")


@app.command()
def show(draw: Name, *, merchant: Merchant = "", as_json: AsJson = False) -> None:
    """Show one draw: when, how many take part, who won what, the seed and its hash."""
    settings = load_settings()
    document = _one(settings, draw, merchant).document(settings.make_clock().now())
    if as_json:
        print_json(document)
        return
    _tell(document)


@app.command()
def verify(draw: Name, *, merchant: Merchant = "", as_json: AsJson = False) -> None:
    """Work a draw out anew from the logs alone; ends with 1 and says what, if anything does not hold.

    Each entry stands on facts.v1, the hash of the seed, the tickets and the winners on customer.events.v1.
    """
    settings = load_settings()
    document = _one(settings, draw, merchant).document(settings.make_clock().now())
    if as_json:
        print_json(document)
    else:
        _tell(document)
    if document["problems"]:
        raise SystemExit(1)


@app.command()
def redraw(
    draw: Name,
    customer: Annotated[str, typer.Argument(help="The winner whose prize goes on: the id, as `draws show` has it.")],
    *,
    merchant: Merchant = "",
    as_json: AsJson = False,
) -> None:
    """Let a winner's prize go on to the next reserve: they will not have it, or were not to be found.

    A prize that was used stays with them. One that ends without having been used goes on by itself.
    """
    from stamgast.commands.stamping import stamp_of
    from stamgast.draws.looking import decline

    settings = load_settings()
    seen = _one(settings, draw, merchant)
    said = _run(decline(settings, seen, customer, stamp_of(settings)))
    if said is not None and said.status != _DONE:
        fail(f"{customer}: {said.detail}")
    detail = "It stands in the log; no worker has applied it yet." if said is None else said.detail
    if as_json:
        print_json({"draw": draw, "merchant": seen.merchant, "customer": customer, "applied": said is not None,
                    "detail": detail})  # fmt: skip
    else:
        answer(detail)


def _tell(document: dict[str, Any]) -> None:
    answer(f"{document['draw']} of {document['merchant']}: {_in_words(document)}")
    for word in ("opens", "closes", "drawn_at"):
        if document[word]:
            answer(f"  {word.replace('_', ' ')}: {document[word]}")
    answer(f"  hash of the seed: {document['commitment'] or 'not published yet'}")
    if document["seed"]:
        answer(f"  seed: {document['seed']}")
    for each in (*document["winners"], *document["reserves"]):
        what = each["reward"] or "reserve"
        gone = ", went on to a reserve" if each.get("passed_on") else ""
        place = f"{each['place']}. " if "place" in each else ""
        answer(f"  {place}{each['customer']}: {what}{gone} (entry {each['entry']})")
    for problem in document["problems"]:
        answer(f"  does not hold: {problem}")


def _in_words(document: dict[str, Any]) -> str:
    holds = {None: "", True: ", and it holds", False: ", and it does NOT hold"}[document["valid"]]
    many = f"{so_many(document['entries'], 'entry', 'entries')} of {so_many(document['entrants'], 'customer')}"
    return f"{document['state']}, {many}, {len(document['winners']):,} won{holds}"


def _one(settings: Settings, name: str, merchant: str) -> Seen:
    from stamgast.draws.looking import look, one_of

    async def found() -> Seen:
        return one_of(await look(settings, merchant), name)

    return _run(found())


def _look(settings: Settings, merchant: str) -> list[Seen]:
    from stamgast.draws.looking import look

    return _run(look(settings, merchant))


def _run(work: Coroutine[Any, Any, T]) -> T:
    from stamgast.commands.finding import Reasons

    with Reasons():
        return asyncio.run(work)
