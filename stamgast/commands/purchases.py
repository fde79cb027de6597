"""`stamgast purchases`: what was taken in and waits until a person has looked at it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, new_app, print_json
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.domain.events import ReviewVerdict
    from stamgast.to_review import Listed

app = new_app("List, confirm or void purchases that nobody can have meant.", no_args_is_help=True)

Merchant = Annotated[str, typer.Argument(help="The merchant.")]
Transaction = Annotated[str, typer.Argument(help="Its transaction_id, as `purchases review` shows it.")]

OK = 200


@app.command()
def review(merchant: Merchant, *, as_json: AsJson = False) -> None:
    """List the purchases that count for nothing until somebody has confirmed or voided them, oldest first."""
    from stamgast.clock.shop_time import on_the_wall
    from stamgast.commands.finding import Reasons
    from stamgast.to_review import list_waiting

    settings = load_settings()
    with Reasons():
        listed = asyncio.run(list_waiting(settings, merchant))
    if as_json:
        print_json({"merchant": merchant, "purchases": [_document(each) for each in listed]})
        return
    for each in listed:
        document = _document(each)
        when = on_the_wall(document["occurred_at"], each.zone)
        answer(f"{document['transaction']}  {when}  customer {document['customer']}")
        answer(f"    {document['pieces']:,} pieces, {document['spend_in_words']}: {document['why']}")
    waiting = f"{so_many(len(listed), 'purchase')} of {merchant} {'waits' if len(listed) == 1 else 'wait'}"
    how = f": `stamgast purchases confirm {merchant} TRANSACTION`, or `void`" if listed else ""
    answer(f"{waiting}{how}")


@app.command()
def confirm(merchant: Merchant, transaction: Transaction, *, as_json: AsJson = False) -> None:
    """Let a purchase that waits count, as if it came now."""
    _pass(merchant, transaction, "confirm", as_json=as_json)


@app.command()
def void(merchant: Merchant, transaction: Transaction, *, as_json: AsJson = False) -> None:
    """Let a purchase that waits count for nothing, unless its till corrects it."""
    _pass(merchant, transaction, "void", as_json=as_json)


def _pass(merchant: str, transaction: str, verdict: ReviewVerdict, *, as_json: bool) -> None:
    from stamgast.audit.record import About, Did
    from stamgast.commands.finding import Reasons
    from stamgast.commands.noting import note_done
    from stamgast.commands.stamping import stamp_of
    from stamgast.to_review import pass_verdict

    settings = load_settings()
    with Reasons():
        heard = asyncio.run(pass_verdict(settings, merchant, transaction, verdict, stamp_of(settings)))
    if heard is not None and heard.status != OK:
        fail(heard.detail)
    applied = heard is not None
    detail = heard.detail if heard else "It stands in the log; no worker has applied it yet. Look at the list again."
    note_done(settings, Did.REVIEWED, About(merchant, purchase=transaction, words=f"purchase: {verdict}"))
    if as_json:
        document = {"merchant": merchant, "transaction": transaction, "verdict": verdict, "applied": applied}
        print_json(document | {"customer": heard.customer if heard else None, "detail": detail})
        return
    answer(detail)


def _document(listed: Listed) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time
    from stamgast.domain.currencies import format_money

    waiting = listed.waiting
    return {
        "transaction": listed.transaction,
        "customer": listed.customer,
        "since": format_time(waiting.since),
        "occurred_at": format_time(waiting.occurred_at),
        "store": waiting.store,
        "pieces": waiting.pieces,
        "spend": waiting.spend,
        "currency": waiting.currency,
        "spend_in_words": format_money(waiting.spend, waiting.currency),
        "why": waiting.why.in_words(waiting.why_currency),
    }
