"""`stamgast claims`: receipts that were claimed afterwards, and wait until a person has looked at the claim."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, new_app, print_json
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.claims_to_review import ListedClaim, Word

app = new_app("List, confirm or refuse claims of receipts of which there were too many.", no_args_is_help=True)

Merchant = Annotated[str, typer.Argument(help="The merchant.")]
Transaction = Annotated[str, typer.Argument(help="The receipt's transaction_id, as `claims review` shows it.")]


@app.command()
def review(merchant: Merchant, *, as_json: AsJson = False) -> None:
    """List the claims that count for nothing until somebody has confirmed or refused them, oldest first."""
    from stamgast.claims_to_review import list_claims
    from stamgast.clock.shop_time import on_the_wall
    from stamgast.commands.finding import Reasons

    settings = load_settings()
    with Reasons():
        listed = asyncio.run(list_claims(settings, merchant))
    if as_json:
        print_json({"merchant": merchant, "claims": [_document(each) for each in listed]})
        return
    for each in listed:
        document = _document(each)
        when = on_the_wall(document["occurred_at"], each.zone)
        answer(f"{document['transaction']}  {when}  customer {document['customer']}")
        who = f", operator {document['operator']}" if document["operator"] else ""
        why = _why(document["over"])
        answer(f"    {document['spend_in_words']} at {document['store'] or 'no store'}{who}; {why}")
    how = f": `stamgast claims confirm {merchant} TRANSACTION`, or `refuse`" if listed else ""
    answer(f"{so_many(len(listed), 'claim')} of {merchant} {'waits' if len(listed) == 1 else 'wait'}{how}")


@app.command()
def confirm(merchant: Merchant, transaction: Transaction, *, as_json: AsJson = False) -> None:
    """Let a claim that waits count, as if it came now; its stamps are of the day of the sale."""
    _say(merchant, transaction, "confirm", as_json=as_json)


@app.command()
def refuse(merchant: Merchant, transaction: Transaction, *, as_json: AsJson = False) -> None:
    """Let a claim that waits count for nothing: the receipt is nobody's again, and may be claimed."""
    _say(merchant, transaction, "refuse", as_json=as_json)


def _say(merchant: str, transaction: str, word: Word, *, as_json: bool) -> None:
    from stamgast.audit.record import About, Did
    from stamgast.claims_to_review import say
    from stamgast.commands.finding import Reasons
    from stamgast.commands.noting import note_done
    from stamgast.commands.stamping import stamp_of
    from stamgast.domain.claims import ClaimOutcome

    settings = load_settings()
    with Reasons():
        heard = asyncio.run(say(settings, merchant, transaction, word, stamp_of(settings)))
    details = {
        ClaimOutcome.CLAIMED: f"{transaction} is the customer's now.",
        ClaimOutcome.REFUSED: f"The claim of {transaction} counts for nothing.",
    }
    if heard is not None and heard.outcome not in details:
        named = heard.outcome is ClaimOutcome.TAKEN
        why = "its till has named its customer meanwhile; the claim is gone" if named else "somebody else was faster"
        fail(f"{transaction}: {why}. `stamgast claims review {merchant}` lists what waits.")
    detail = details[heard.outcome] if heard else "It stands in the log; no worker has applied it yet."
    note_done(settings, Did.REVIEWED, About(merchant, purchase=transaction, words=f"claim: {word}"))
    if as_json:
        document = {"merchant": merchant, "transaction": transaction, "verdict": word, "applied": heard is not None}
        print_json(document | {"customer": heard.customer if heard else None, "detail": detail})
        return
    answer(detail)


def _why(over: list[str]) -> str:
    """Why a claim waits."""
    from stamgast.domain.claims import Limit

    too_many = ", ".join(each for each in over if each != Limit.STAFF)
    staff = ["one of the staff claims it"] if Limit.STAFF in over else []
    return "; ".join([*staff, *([f"too many of: {too_many}"] if too_many else [])])


def _document(listed: ListedClaim) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time
    from stamgast.domain.currencies import format_money

    waiting = listed.waiting
    return {
        "transaction": listed.transaction,
        "claim": waiting.claim,
        "customer": waiting.customer,
        "since": format_time(waiting.since),
        "occurred_at": format_time(waiting.occurred_at),
        "store": waiting.store,
        "operator": waiting.operator,
        "spend": waiting.spend,
        "currency": waiting.currency,
        "spend_in_words": format_money(waiting.spend, waiting.currency),
        "over": [str(each) for each in waiting.over],
    }
