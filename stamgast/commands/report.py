"""`stamgast report`: what rules earned, from sums that the owners keep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json, progress, say
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.report.spans import Wanted
    from stamgast.settings import Settings

app = new_app("What rules earned.")

_COLUMNS = (
    "merchant", "rule", "variant", "decided", "reached", "sent", "delivered", "read", "replied", "redeemed",
    "opted_out", "held_out",
    "attributed_purchases", "attributed_revenue_minor", "attributed_profit_minor",
    "uplift_per_customer_minor", "uplift_low", "uplift_high", "verdict", "messages_minor", "rewards_minor", "return",
    "draw", "entries", "customers", "won", "taken", "forfeited", "stock",
)  # fmt: skip


@app.command()
def report(
    *,
    merchant: Annotated[str | None, typer.Option(help="Only this merchant.")] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Only this rule; several, one --rule each, are told together as well.")
    ] = None,
    campaign: Annotated[str | None, typer.Option(help="Only the rules of this group, and together.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="First day (2026-09-01), on the shop's clock; else since ever.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day; else today.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a line a rule, and one a draw, to this file.")] = None,
    page: Annotated[Path | None, typer.Option("--report", help="Write a page with plots to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell of each rule whom it reached, what was bought after its messages, and what it changed, with its interval.

    Since ever it adds up what workers have summed; of a span of days it reads the topics.
    """
    from stamgast.commands.finding import Reasons

    settings = load_settings()
    with Reasons():
        documents = asyncio.run(_reckon(settings, merchant, _span(settings, begin, end)))
    if not documents:
        fail("no merchant has published yet")
    if campaign is not None:
        documents = _of_campaign(documents, campaign)
    if rule:
        documents = _only(documents, rule)
    if csv is not None:
        _write_csv(csv, documents)
        say(f"written to {csv}")
    if page is not None:
        _draw(page, documents)
    if as_json:
        print_json(documents[0] if merchant else {"merchants": documents})
        return
    for document in documents:
        _tell(document)


def _span(settings: Settings, begin: str | None, end: str | None) -> Wanted | None:
    from stamgast.report.spans import DayError, wanted

    if begin is None:
        if end is not None:
            misuse("--to needs --from: since when?")
        return None
    try:
        return wanted(begin, end or "", settings.make_clock().now())
    except DayError as error:
        misuse(str(error))


def _only(documents: list[dict[str, Any]], rules: list[str]) -> list[dict[str, Any]]:
    from stamgast.domain.earned import narrowed

    known = sorted({name for document in documents for name in document["rules"]})
    for rule in rules:
        if rule not in known:
            misuse(f"--rule {rule!r}: there is no such rule; known: {', '.join(known) or 'none'}")
    return [narrowed(document, rules) for document in documents if document["rules"].keys() & rules]


def _of_campaign(documents: list[dict[str, Any]], campaign: str) -> list[dict[str, Any]]:
    from stamgast.domain.earned import narrowed
    from stamgast.domain.spelling import nearest

    known = sorted({name for document in documents for name in document["campaigns"]})
    if campaign not in known:
        near = nearest(campaign, known)
        asked = f" Did you mean {near!r}?" if near else ""
        misuse(f"--campaign {campaign!r}: there is no such group of rules.{asked} Known: {', '.join(known) or 'none'}")
    found = [each for each in documents if campaign in each["campaigns"]]
    return [narrowed(each, each["campaigns"][campaign]) for each in found]


async def _reckon(settings: Settings, merchant: str | None, span: Wanted | None) -> list[dict[str, Any]]:
    from stamgast import bootstrap
    from stamgast.broker import kafka_of
    from stamgast.clock.shop_time import is_real
    from stamgast.domain.earned import report as report_of
    from stamgast.filling import Filling
    from stamgast.lookup import every_bundle, newest_of
    from stamgast.report.documents import documents_of_span
    from stamgast.report.reading import Readings
    from stamgast.state.counters import totals_of
    from stamgast.state.nodes import Redis

    topics = bootstrap.topics_of(settings)
    shelf = await every_bundle(settings, topics)
    bundles = {name: newest_of(shelf, name) for name in ([merchant] if merchant else sorted(shelf.newest))}
    redis = Redis(settings.redis_url)
    try:
        await Filling(redis, topics, kafka_of(settings)).check()
        totals = await totals_of(redis, topics.partitions)
    finally:
        redis.close()
    if span is None:
        return [
            report_of(
                totals.get(name, {}),
                each.program,
                each.rules.by_id,
                each.rules.budgets,
                each.rules.campaigns,
                full_cards=each.rules.full_cards,
            )
            for name, each in bundles.items()
        ]
    readings = Readings(kafka_of(settings), topics, shelf, is_real=is_real(settings.clock))
    tell, close = progress("records")
    try:
        return await documents_of_span(readings, bundles, totals, span, tell)
    finally:
        close()


def _draw(path: Path, documents: list[dict[str, Any]]) -> None:
    from stamgast.commands.report_page import page_of_report
    from stamgast.drawn_pages import PlotsMissingError

    try:
        path.write_text(page_of_report(documents), encoding="utf-8")
    except PlotsMissingError as error:
        fail(str(error))
    say(f"written to {path}")


def _write_csv(path: Path, documents: list[dict[str, Any]]) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        for document in documents:
            for rule, figures in document["rules"].items():
                whose = {"merchant": document["merchant"], "rule": rule}
                writer.writerow(whose | _flat(figures))
                for variant, its in figures["variants"].items():
                    writer.writerow(whose | {"variant": variant} | _flat(its))
            for name, draw in document["draws"].items():
                writer.writerow({"merchant": document["merchant"], "draw": name} | _flat_draw(draw))


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {name: figures[name] for name in _COLUMNS if name in figures}
    flat |= {f"attributed_{name}": value for name, value in figures["attributed"].items()}
    flat |= {f"uplift_{name}": value for name, value in figures["uplift"].items() if name != "verdict"}
    return {**flat, **figures["cost"], "verdict": figures["uplift"]["verdict"]}


def _flat_draw(draw: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {name: draw[name] for name in ("entries", "customers", "won", "taken", "forfeited")}
    stock = sum(each["stock"] for each in draw["prizes"].values())
    return flat | {"rewards_minor": draw["cost_minor"], "stock": stock}


def _tell(document: dict[str, Any]) -> None:
    from stamgast.domain.currencies import format_money
    from stamgast.domain.earned import quiet_rules

    def money(minor: float) -> str:
        return format_money(round(minor), document["currency"])

    quiet = quiet_rules(document)
    when = f", {document['from']} to {document['to']}" if "from" in document else ""
    answer(f"{document['merchant']}, money in {document['currency']}{when}")
    for rule in document["rules"]:
        if rule not in quiet:
            _tell_rule(rule, document, money)
    if quiet:
        answer(f"  decided nothing yet: {', '.join(quiet)}")
    if "together" in document:
        _tell_together(document, money)
    for line in _of_the_shop(document):
        answer(f"  {line}")
    owed = document["liability"]
    answer(f"  owed now: vouchers {money(owed['vouchers_minor'])}, stamps {money(owed['stamps_minor'])}")
    if owed["ran_out_minor"]:
        answer(f"  no longer owed, for stamps that ran out: {money(owed['ran_out_minor'])}")
    if owed["without_cost"]:
        answer(f"    without what these cost, which program.yaml does not say: {', '.join(owed['without_cost'])}")


def _of_the_shop(document: dict[str, Any]) -> Iterator[str]:
    """What is no rule's: lapses, and what `of_the_shop` tells."""
    from stamgast.commands.report_page import of_the_shop
    from stamgast.domain.lapses import lapses_in_words

    if "lapses" in document and (told := lapses_in_words(document["lapses"])):
        yield told
    yield from of_the_shop(document)


def _tell_rule(rule: str, document: dict[str, Any], money: Callable[[float], str]) -> None:
    from stamgast.domain.earned import messages_cost

    figures = document["rules"][rule]
    attributed, cost, lift = figures["attributed"], figures["cost"], figures["uplift"]
    answer(f"  {rule}")
    answer(
        f"    decided {figures['decided']:,}, reached {so_many(figures['reached'], 'person', 'people')}, "
        f"sent {figures['sent']:,}, delivered {figures['delivered']:,}, "
        f"read {figures['read']:,}, replied {figures['replied']:,}, "
        f"redeemed {figures['redeemed']:,}, opted out {figures['opted_out']:,}, "
        f"held out {so_many(figures['held_out'], 'person', 'people')}"
    )
    answer(
        f"    after its messages: {so_many(attributed['purchases'], 'purchase')}, "
        f"{money(attributed['revenue_minor'])}, profit {money(attributed['profit_minor'])} "
        "(whoever would have come anyway is among them)"
    )
    if figures["redeemed_on_minor"]:
        answer(f"    the receipts on which its rewards were used: {money(figures['redeemed_on_minor'])}")
    messages = messages_cost(document, cost["messages_minor"])
    answer(f"    cost: messages {messages}, rewards {money(cost['rewards_minor'])}")
    if lift["per_customer_minor"] is not None:
        answer(
            f"    it changed, net of cost: {money(lift['per_customer_minor'])} a customer "
            f"(between {money(lift['low'])} and {money(lift['high'])})"
        )
    answer(f"    {lift['verdict']}")
    for variant, its in figures["variants"].items():
        after = its["attributed"]
        answer(
            f"    {variant}: {so_many(its['people'], 'person', 'people')}, sent {its['sent']:,}, read {its['read']:,}; "
            f"after it {so_many(after['purchases'], 'purchase')}, profit {money(after['profit_minor'])}; "
            f"{its['uplift']['verdict']}"
        )


def _tell_together(document: dict[str, Any], money: Callable[[float], str]) -> None:
    from stamgast.domain.earned import messages_cost

    figures = document["together"]
    attributed, cost = figures["attributed"], figures["cost"]
    answer(
        f"  together: sent {figures['sent']:,}, delivered {figures['delivered']:,}, redeemed {figures['redeemed']:,}"
    )
    answer(
        f"    after their messages: {so_many(attributed['purchases'], 'purchase')}, "
        f"profit {money(attributed['profit_minor'])}; cost: messages "
        f"{messages_cost(document, cost['messages_minor'])}, rewards {money(cost['rewards_minor'])}"
    )
    if figures["uplift_minor"] is not None:
        answer(f"    they changed, net of cost: {money(figures['uplift_minor'])} over all they spoke to")
