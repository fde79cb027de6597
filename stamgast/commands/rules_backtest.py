"""`stamgast rules backtest`: what the rules in the files would have done with the shop's own past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from stamgast.commands.answering import AsJson, answer, fail, kafka_of, load_settings, misuse, print_json, progress, say
from stamgast.commands.merchant_files import files_of
from stamgast.domain.spelling import nearest

if TYPE_CHECKING:
    from rules.loader import LoadedMerchant
    from stamgast.backtest.plan import CsvData, LogData, Plan
    from stamgast.domain.units import Day, Millis
    from stamgast.programs.record import BundleRecord
    from stamgast.programs.writer import InForce
    from stamgast.settings import Settings

_USUAL_DAYS: Final = 90
_LIVE: Final = "live"
_USUAL_START: Final = 600
"""Ten o'clock."""


def backtest(
    rules: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RULE…]", help="Rules to run as if live, whatever their status; else all, as they are."
        ),
    ] = None,
    *,
    merchant: Annotated[str | None, typer.Option(help="Whose rules; not needed where there is one merchant.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="First day (2026-09-01); else 90 days back.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day; else the newest that is known.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Compare with the bundle in force (`live`) or with one by its hash.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A CSV with customer,date,amount[,store,category,product,…]; else the log.")
    ] = None,
    campaign_at: Annotated[
        list[str] | None,
        typer.Option(help='Start rules with `when: campaign` then (2026-10-01, "2026-10-01 18:00"); repeatable.'),
    ] = None,
    audience: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="For whom these are started: one of program.yaml's audiences, or a file of identifiers, which then "
            "says who is on the lists of other rules as well; else their own.",
        ),
    ] = "",
    report: Annotated[Path | None, typer.Option(help="Write a page with plots here (needs the extra plots).")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the rules in the files over the shop's own past, in virtual time; nothing is sent and nothing is changed."""
    from stamgast.backtest.csv_past import PastError, unread_columns
    from stamgast.backtest.findings import document_of
    from stamgast.backtest.words import in_words

    if report is not None:
        _check_plots()
    settings = load_settings()
    _, loaded = files_of(settings, merchant)
    named = _known_rules(rules or [], loaded)
    try:
        if data is not None:
            for line in unread_columns(data):
                say(line)
        published = {} if data is not None and against is None else _published(settings, loaded.program.merchant)
        plan = _plan(settings, loaded, data, (begin, end), published)
        plan = replace(plan, named=named, against=_baseline(against, published, plan.record.merchant))
        starts = _starts(campaign_at or [], loaded, plan)
        plan = replace(plan, starts=starts)
        if audience:
            from stamgast.commands.backtest_audience import for_whom

            plan = for_whom(settings, loaded, plan, audience)
        results = _run(plan)
    except PastError as error:
        _fail_over(error.problems)
    found = document_of(plan, results)
    if report is not None:
        _write(report, found, results.account)
    if as_json:
        print_json(found)
        return
    for line in in_words(found):
        answer(line)


def _known_rules(names: Sequence[str], loaded: LoadedMerchant) -> tuple[str, ...]:
    known = loaded.rules.by_id
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near!r}?" if near else f"; there are {', '.join(known) or 'none'}"
            fail(f"there is no rule {name!r}{hint}")
    return tuple(dict.fromkeys(names))


def _starts(moments: Sequence[str], loaded: LoadedMerchant, plan: Plan) -> tuple[Millis, ...]:
    """When campaigns start, on the shop's clock. Somebody has to wait for it."""
    from rules.yaml.words import WordError, parse_date, parse_moment
    from stamgast.backtest.plan import is_by_hand
    from stamgast.domain.calendar import at_local, date_of

    if moments and not any(is_by_hand(rule) for rule in plan.bundle().rules.all):
        fail("no rule begins with `when: campaign`, so there is nothing to start; `every` and `on` come by themselves")
    found = []
    for text in moments:
        try:
            day, minute = parse_moment(text) if " " in text.strip() else (parse_date(text), _USUAL_START)
        except WordError as error:
            misuse(f"--campaign-at: {error} {error.hint}".strip())
        if not plan.first <= day <= plan.last:
            days = f"{date_of(plan.first)} to {date_of(plan.last)}"
            misuse(f"--campaign-at {text}: that is not within the days that are played, {days} (--from, --to)")
        found.append(at_local(day, minute, loaded.program.time_zone))
    return tuple(sorted(set(found)))


def _plan(
    settings: Settings,
    loaded: LoadedMerchant,
    data: Path | None,
    days: tuple[str | None, str | None],
    published: dict[int, InForce],
) -> Plan:
    from stamgast.backtest.plan import SIMULATED, Plan
    from stamgast.bootstrap import id_key_of
    from stamgast.identity.sealing import derive_voucher_key
    from stamgast.programs.launches import carried_over
    from stamgast.programs.record import BundleRecord, bundle_hash

    merchant = loaded.program.merchant
    newest = published[max(published)] if published else None
    # What a fit gave and what was launched is in force beside the files, and stays when they are published.
    clv, goods = (newest.record.clv, newest.record.goods) if newest else ({}, {})
    launched = carried_over(newest.record.launched, loaded.rules) if newest else {}
    files = dict(loaded.files)
    content = bundle_hash(files, clv, launched=launched, goods=goods)
    record = BundleRecord(merchant=merchant, hash=content, files=files, clv=clv, launched=launched, goods=goods)
    source = _source(settings, data)
    first, last = _days(settings, loaded, data, days)
    key = SIMULATED if data is not None else derive_voucher_key(id_key_of(settings))
    return Plan(record, source, first, last, voucher_key=key)


def _source(settings: Settings, data: Path | None) -> CsvData | LogData:
    from stamgast.backtest.plan import CsvData, LogData
    from stamgast.bootstrap import id_key_of
    from stamgast.log.topics import Topics, TopicsError, check_topics

    if data is not None:
        return CsvData(str(data))
    topics = Topics(settings.partitions, settings.topic_prefix)
    try:
        check_topics(kafka_of(settings), topics)
    except TopicsError as error:
        fail(f"{error}\nthe past of a file needs no broker: say --data FILE.csv")
    return LogData(settings, topics, id_key_of(settings))


def _published(settings: Settings, merchant: str) -> dict[int, InForce]:
    """Every bundle of the merchant, by its number."""
    import asyncio

    from aiokafka.errors import KafkaError

    from stamgast.log.topics import Topics, TopicsError, check_topics
    from stamgast.programs.topic import all_bundles
    from stamgast.programs.writer import InForce

    topics = Topics(settings.partitions, settings.topic_prefix)

    async def read() -> dict[int, InForce]:
        bundles = all_bundles(kafka_of(settings), topics.programs)
        return {number: InForce(number, each) async for number, _, each in bundles if each.merchant == merchant}

    try:
        check_topics(kafka_of(settings), topics)
        return asyncio.run(read())
    except (KafkaError, TopicsError) as error:
        fail(f"{error}\nwhat was published is in Kafka: without it there is neither the log nor --against")


def _baseline(against: str | None, published: dict[int, InForce], merchant: str) -> BundleRecord | None:
    if against is None:
        return None
    if not published:
        fail(f"{merchant} has published nothing yet, so there is nothing to compare with")
    if against == _LIVE:
        return published[max(published)].record
    fitting = {each.record.hash: each.record for each in published.values() if each.record.hash.startswith(against)}
    if len(fitting) != 1:
        known = ", ".join(dict.fromkeys(each.record.hash[:12] for each in published.values()))
        what = "no bundle" if not fitting else f"{len(fitting)} bundles"
        fail(f"{what} of {merchant} begin with {against!r}; write {_LIVE} or one of {known}")
    return next(iter(fitting.values()))


def _days(
    settings: Settings, loaded: LoadedMerchant, data: Path | None, days: tuple[str | None, str | None]
) -> tuple[Day, Day]:
    from stamgast.backtest.csv_past import span_of
    from stamgast.commands.clv_words import read_day
    from stamgast.domain.calendar import business_day

    begin, end = days
    first = None if begin is None else read_day("--from", begin)
    last = None if end is None else read_day("--to", end)
    oldest, newest = (None, None) if data is None else span_of(data)
    if last is None:
        today = business_day(settings.make_clock().now(), loaded.program.time_zone)
        last = today if newest is None else newest
    if first is None:
        first = last - _USUAL_DAYS + 1
        first = first if oldest is None else max(first, oldest)
    if last < first:
        misuse(f"--to is before --from: {end} and {begin or 'the oldest day'}")
    return first, last


def _run(plan: Plan) -> Any:
    from aiokafka.errors import KafkaError

    from stamgast.backtest.shares import run

    tell, close = progress("customers")
    try:
        return run(plan, tell=tell)
    except (KafkaError, OSError, RuntimeError) as error:
        fail(str(error) or type(error).__name__)
    finally:
        close()


def _check_plots() -> None:
    from stamgast.drawn_pages import PlotsMissingError, check_plots

    try:
        check_plots()
    except PlotsMissingError as error:
        fail(str(error))


def _write(report: Path, found: dict[str, Any], account: Any) -> None:
    from stamgast.backtest.page import report_of

    try:
        report.write_text(report_of(found, account), encoding="utf-8")
    except OSError as error:
        fail(f"{report}: {error.strerror}")
    say(f"wrote {report}")


def _fail_over(problems: Sequence[str]) -> NoReturn:
    for problem in problems[:-1]:
        say(problem)
    fail(problems[-1])
