"""`stamgast customer`: what is known about a customer, what they wrote, and forgetting who they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, new_app, print_json
from stamgast.domain.till_events import VoidReason

if TYPE_CHECKING:
    from stamgast.lookup import Named, People

app = new_app(
    "Show what is known about a customer and what they wrote, merge two who are one, or forget who they are.",
    no_args_is_help=True,
)

_DAYS = 30
"""For which what people wrote can be read."""
_AMOUNTS = ("spend", "profit", "refunds")
_NO_AMOUNTS = ("clv_to_cac", "earns_its_cost")
"""Of `clv`."""

Merchant = Annotated[str, typer.Argument(help="The merchant.")]
Identifier = Annotated[str, typer.Argument(help="Customer id, phone or membership number.")]


@app.command()
def show(merchant: Merchant, identifier: Identifier, *, as_json: AsJson = False) -> None:
    """Show figures, stamps, vouchers, stage and CLV of one customer."""
    from stamgast.commands.finding import find
    from stamgast.people.view import show_customer

    settings = load_settings()
    found = find(settings, merchant, identifier)
    shown = show_customer(found.customer_id, found.state, found.bundle.program, settings.make_clock().now())
    if as_json:
        print_json(shown)
        return
    in_words = with_times_in_words(with_money_in_words(shown), found.bundle.program.time_zone)
    for name, value in in_words.items():
        answer(f"{name:<16} {_in_words(value)}".rstrip())


@app.command()
def erase(merchant: Merchant, identifier: Identifier, *, as_json: AsJson = False) -> None:
    """Forget the person for good: profile, identifiers, replies. Purchases stay under an id that names nobody."""
    from stamgast.audit.record import About, Did
    from stamgast.commands.finding import with_people
    from stamgast.commands.noting import note_done
    from stamgast.commands.stamping import stamp_of
    from stamgast.people.erasure import Erasure, erase_person

    settings = load_settings()
    at = stamp_of(settings)

    async def forget(people: People, named: Named) -> Erasure:
        customer = named.customer
        person = (merchant, customer)
        append, state = people.appender.append, partial(people.state_of, merchant, customer)
        done = await erase_person(people.identities, append, people.topics, person, state=state, at=at)
        if not done.known and not done.has_state:
            fail(f"{merchant} has no customer {customer}")
        return done

    done = with_people(settings, merchant, identifier, forget)
    note_done(settings, Did.CUSTOMER_ERASED, About(merchant, customer=done.customer))
    if as_json:
        print_json({"customer": done.customer, "merchant": merchant, "erased": True, "identifiers": done.identifiers})
    elif done.known:
        answer(f"{done.customer} of {merchant} is forgotten, with {done.identifiers} identifiers.")
    else:
        answer(f"{done.customer} of {merchant} was forgotten before.")


@app.command("void-voucher")
def void_voucher(
    merchant: Merchant,
    code: Annotated[str, typer.Argument(help="The voucher's code, short or long, however it was typed.")],
    *,
    reason: Annotated[VoidReason, typer.Option("--reason", help="Why.")],
    words: Annotated[str, typer.Option("--words", help="More of it, for the audit book; sealed there.")] = "",
    reissue: Annotated[bool, typer.Option("--reissue", help="It goes on under another code.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a voucher for good, or give it another code; who did it, and why, stands in the audit book."""
    import asyncio

    from stamgast.commands.finding import Reasons
    from stamgast.commands.stamping import stamp_of
    from stamgast.domain.voucher_codes import short_of
    from stamgast.voiding import OK, Wish
    from stamgast.voiding import void_voucher as void

    settings, wish = load_settings(), Wish(merchant, code, reason, reissue, words)
    with Reasons():
        told = asyncio.run(void(settings, wish, stamp_of(settings)))
    if told is not None and told.status != OK:
        fail(f"{told.detail} Nothing was changed.")
    status = "pending" if told is None else "reissued" if told.new_code else "voided"
    now = short_of(told.new_code) if told is not None and told.new_code else ""
    if as_json:
        reward = told.reward if told is not None else ""
        print_json({"merchant": merchant, "status": status, "reward": reward, "short_code": now or None})
        return
    answer(
        {
            "pending": "It stands in the log; no worker has applied it yet.",
            "reissued": f"It has another code now: {now}.",
            "voided": "It is over for good.",
        }[status]
    )


@app.command()
def card(
    merchant: Merchant,
    identifier: Identifier,
    *,
    revoke: Annotated[bool, typer.Option("--revoke", help="Let the links that were given out open nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the link to a customer's card. Whoever has it sees the card and its vouchers, and can use them."""
    from stamgast.commands.finding import with_people
    from stamgast.commands.stamping import stamp_of
    from stamgast.state.cards import TooOftenRevokedError

    settings = load_settings()
    at = stamp_of(settings)

    async def token(people: People, named: Named) -> str:
        if await people.identities.unknown(merchant, [named.customer]):
            fail(f"{merchant} has no customer {named.customer}")
        cards = people.identities.cards
        try:
            return await (
                cards.revoke(merchant, named.customer, at) if revoke else cards.token(merchant, named.customer)
            )
        except TooOftenRevokedError as error:
            fail(str(error))

    link = f"{settings.public_url}/c/{with_people(settings, merchant, identifier, token)}"
    if as_json:
        print_json({"merchant": merchant, "card_url": link, "revoked": revoke})
    else:
        answer(link)


@app.command()
def merge(
    merchant: Merchant,
    former: Annotated[str, typer.Argument(help="Who becomes the other: customer id, phone or membership number.")],
    into: Annotated[str, typer.Argument(help="Who they are from now on.")],
    *,
    why: Annotated[str, typer.Option("--why", help="Why they are one person, for this machine's log.")] = "",
    rewards_again: Annotated[
        bool,
        typer.Option("--rewards-again", help="Also where the first has used rewards, which are then earned again."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it comes to, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make two customers one: what the first bought, and what names them, is the second's. It cannot be undone."""
    from stamgast.commands.merging import merge_customers

    how = (dry_run, yes, rewards_again)
    merge_customers(load_settings(), merchant, (former, into), how=how, why=why, as_json=as_json)


@app.command()
def replies(merchant: Merchant, identifier: Identifier, *, as_json: AsJson = False) -> None:
    """Show what a customer wrote in the last thirty days. This is personal data."""
    from stamgast.clock.shop_time import on_the_wall
    from stamgast.commands.finding import with_people
    from stamgast.commands.inbox import as_document, in_a_line
    from stamgast.media.inbox import Heard, Inbox

    settings = load_settings()
    now = settings.make_clock().now()

    async def read(people: People, named: Named) -> tuple[Named, list[Heard]]:
        inbox = Inbox(kafka_of(settings), people.topics, people.identities)
        return named, await inbox.read(merchant, now, _DAYS, named.customer)

    (customer, zone), found = with_people(settings, merchant, identifier, read)
    shown = [as_document(each) for each in reversed(found)]
    if as_json:
        print_json({"customer": customer, "merchant": merchant, "replies": shown})
        return
    for each in shown:
        answer(in_a_line(each, on_the_wall(each["at"], zone)))
    if not shown:
        answer(f"{customer} wrote nothing in the last thirty days.")


@app.command()
def consents(merchant: Merchant, identifier: Identifier, *, as_json: AsJson = False) -> None:
    """Show what a customer agreed to and took back, and by which wording: the proof. This is personal data."""
    from stamgast.clock.shop_time import format_time, on_the_wall
    from stamgast.commands.finding import with_people
    from stamgast.people.consents import Told, read_consents

    settings = load_settings()

    async def read(people: People, named: Named) -> tuple[Named, list[Told]]:
        key = await people.identities.key_of(merchant, named.customer)
        return named, await read_consents(kafka_of(settings), people.topics, (merchant, named.customer), key)

    (customer, zone), found = with_people(settings, merchant, identifier, read)
    shown: list[dict[str, Any]] = [
        {
            "at": format_time(told.at),
            "said_at": format_time(told.said_at),
            "purpose": told.purpose,
            "channel": told.channel,
            "granted": told.granted,
            "wording_version": told.proof and told.proof.wording,
            "source": told.proof and told.proof.origin,
            "topic": told.topic,
            "field": told.field,
        }
        for told in found
    ]
    if as_json:
        print_json({"customer": customer, "merchant": merchant, "consents": shown})
        return
    for each in shown:
        of_topic = ("came back to", "left") if each["topic"] else ("agreed", "took back")
        said = of_topic[not each["granted"]] + (f" the topic {each['topic']}" if each["topic"] else "")
        if each["field"]:
            said = f"told their {each['field']}"
        about = each["channel"] if each["topic"] or each["field"] else f"{each['purpose']}:{each['channel']}"
        wording, where = each["wording_version"], each["source"]
        proof = "its proof is gone with the person" if where is None else f"wording {wording or '-'}, at {where or '-'}"
        answer(f"{on_the_wall(each['said_at'], zone)}  {about}  {said}  {proof}")
    if not shown:
        answer(f"{customer} has said nothing about messages.")


def with_money_in_words(shown: dict[str, Any]) -> dict[str, Any]:
    """A customer's document with its amounts as people read them: `12.40 EUR`, where JSON has minor units."""
    from stamgast.domain.currencies import format_money

    def amount(minor: int | None) -> str | None:
        return None if minor is None else format_money(minor, shown["currency"])

    told = {name: amount(shown[name]) for name in _AMOUNTS}
    clv = {name: value if name in _NO_AMOUNTS else amount(value) for name, value in shown["clv"].items()}
    if clv["clv_to_cac"] is not None:
        clv["clv_to_cac"] = f"{clv['clv_to_cac']:.2f}"
    return shown | told | {"clv": clv}


def with_times_in_words(shown: dict[str, Any], zone: str) -> dict[str, Any]:
    """A customer's document with its moments as the shop's clock shows them, where JSON has them in UTC."""
    from stamgast.clock.shop_time import on_the_wall

    def moment(text: str | None) -> str | None:
        return None if text is None else on_the_wall(text, zone)

    vouchers = [each | {name: moment(each[name]) for name in ("issued_at", "expires_at")} for each in shown["vouchers"]]
    consents = {name: moment(since) for name, since in shown["consents"].items()}
    moments = {name: moment(shown[name]) for name in ("next_timer", "joined_at")}
    return shown | moments | {"vouchers": vouchers, "consents": consents}


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_in_words(each) for each in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
