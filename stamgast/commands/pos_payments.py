"""`stamgast pos payments`: what payment systems told, and no sale fits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, kafka_of, load_settings, print_json
from stamgast.commands.finding import Reasons

if TYPE_CHECKING:
    from stamgast.domain.program import Program
    from stamgast.settings import Settings
    from stamgast.tills.payments import Paid


def payments(merchant: Annotated[str, typer.Argument(help="The merchant.")], *, as_json: AsJson = False) -> None:
    """List the payments of the last week that fit no sale, oldest first: they count for nobody.

    A sale that comes later finds its payment by itself. What stays here was sold where no till tells of it, is one of
    several sales that it may belong to, or lacks the store: `stores:` of the connection says which place is which.
    """
    settings = load_settings()
    with Reasons():
        program, waiting = asyncio.run(_waiting(settings, merchant))
    rows = [_row(each) for each in waiting]
    if as_json:
        print_json({"merchant": merchant, "payments": rows})
        return
    from stamgast.clock.shop_time import on_the_wall
    from stamgast.domain.currencies import format_money

    for row, each in zip(rows, waiting, strict=True):
        when = on_the_wall(row["at"], program.time_zone)
        money = format_money(each.payment.amount, each.payment.currency)
        answer(f"{row['payment']}  {when}  {money}  {row['store'] or 'no store'}  {row['connection']}")
    answer(f"{len(rows)} payments of {merchant} fit no sale")


def _row(paid: Paid) -> dict[str, Any]:
    from stamgast.clock.shop_time import format_time

    return {
        "payment": paid.id,
        "connection": paid.connection,
        "at": format_time(paid.at),
        "store": paid.store or None,
        "amount_minor": paid.payment.amount,
        "tip_minor": paid.payment.tip,
        "currency": paid.payment.currency,
        "method": paid.payment.method,
    }


async def _waiting(settings: Settings, merchant: str) -> tuple[Program, list[Paid]]:
    from contextlib import aclosing

    from stamgast.bootstrap import open_redis, topics_of
    from stamgast.lookup import newest_bundle
    from stamgast.tills.payments import Payments
    from stamgast.tills.shelf import read_connections

    topics = topics_of(settings)
    program = (await newest_bundle(settings, topics, merchant))[1].program
    table = await read_connections(kafka_of(settings), topics.connections)
    async with aclosing(open_redis(settings)) as redis:
        return program, await Payments(redis, table).waiting(merchant, settings.make_clock().now())
