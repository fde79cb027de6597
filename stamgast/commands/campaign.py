"""`stamgast campaign`: start a rule for those whom it is for, see how far that is, and stop it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from stamgast.audit.record import About, Did
from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json, say
from stamgast.commands.campaign_words import outcome_of, progress_of, tell, tell_occasions
from stamgast.commands.finding import Reasons
from stamgast.commands.noting import note_done
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stamgast.campaigns.audience import Aim, Counted
    from stamgast.campaigns.status import Campaign, Occasions
    from stamgast.domain.units import Millis
    from stamgast.service import Bundle
    from stamgast.settings import Settings

T = TypeVar("T")

app = new_app("Start a rule for an audience, see how far it is, and stop it.", no_args_is_help=True)

_WAIT_S: Final = 20.0
_LOOK_S: Final = 0.2
_TELL_EVERY: Final = 50_000
Rule = Annotated[str, typer.Argument(help="The rule's id.")]
Merchant = Annotated[str, typer.Option("--merchant", help="Of which merchant, where several are in force.")]
WaitS = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the workers to take it up.")]


@app.command()
def start(
    rule: Rule,
    *,
    audience: Annotated[
        str, typer.Option("--audience", help="One of program.yaml's audiences, or a file; the rule's own if not said.")
    ] = "",
    merchant: Merchant = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and start nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it starts.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Go on with a start that did not get to every partition.")
    ] = False,
    wait: WaitS = _WAIT_S,
    as_json: AsJson = False,
) -> None:
    """Fix and count whom it is for, ask, and start it. Who matches is asked again when it is their turn."""
    from stamgast.commands.stamping import stamp_of

    settings = load_settings()
    if finish:
        _finish(settings, rule, merchant, wait, as_json=as_json)
        return
    whose, bundle = _merchant(settings, merchant, rule)
    now = _free_moment(settings, whose, bundle, rule, stamp_of(settings), starts=not dry_run)
    aimed, counted = _run(_count(settings, whose, bundle, (rule, audience), now))
    found = _counted(aimed, counted)
    _show_before(aimed, counted, found, "start", dry_run=dry_run, yes=yes, as_json=as_json)
    if dry_run:
        return
    if not yes:
        typer.confirm("Start it?", abort=True)
        now = max(now, stamp_of(settings))  # somebody may have thought about it for long
    campaign = _run(_start(settings, aimed, counted, now, wait))
    note_done(settings, Did.CAMPAIGN_STARTED, About(whose, rule=rule))
    if campaign is None:
        state = found | {"campaign": f"{rule}@{now}", "state": "starting"}
        if as_json:
            print_json(state)
        else:
            answer(f"{state['campaign']} has started: it begins as soon as a worker runs")
    elif as_json:
        told = campaign.as_json()
        print_json(found | told | {"matched": counted.matched if campaign.is_under_way else told["matched"]})
    else:
        answer(f"{campaign.id} has started, {progress_of(campaign)}; `stamgast campaign status` tells how far it is")


@app.command()
def audience(
    rule: Rule,
    *,
    merchant: Merchant = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is fixed.")] = False,
    wait: WaitS = _WAIT_S,
    as_json: AsJson = False,
) -> None:
    """Fix and count whom a rule with `every` or `on` is for, before its date; again, to replace that.

    A list from a file holds for every occasion from then on. Who meets conditions, or has bought something, can be
    fixed for `on`; where that is not done they are asked about at the date itself.
    """
    from stamgast.commands.stamping import stamp_of

    settings = load_settings()
    whose, bundle = _merchant(settings, merchant, rule)
    now = stamp_of(settings)
    aimed, counted = _run(_count(settings, whose, bundle, (rule, None), now))
    found = _counted(aimed, counted)
    _show_before(aimed, counted, found, "fix", dry_run=dry_run, yes=yes, as_json=as_json)
    if dry_run:
        return
    if not yes:
        typer.confirm("Fix it?", abort=True)
    is_known = _run(_fix(settings, aimed, counted, stamp_of(settings), wait))
    if as_json:
        print_json(found | {"state": "fixed" if is_known else "being fixed"})
    else:
        since = "" if is_known else " as soon as a worker runs"
        answer(f"{rule} is for these{since}, until it is fixed again")


@app.command()
def status(
    rule: Annotated[str, typer.Argument(help="Only this rule's, or this campaign.")] = "",
    *,
    merchant: Merchant = "",
    as_json: AsJson = False,
) -> None:
    """Tell how far campaigns are and what came of them, and when rules come by the calendar."""
    from stamgast.campaigns.status import count, worth_counting

    settings = load_settings()
    bundles = _bundles(settings, merchant)
    now = settings.make_clock().now()
    campaigns, scheduled = _look(settings, bundles, now)
    if rule:
        campaigns = [each for each in campaigns if rule in {each.rule, each.id}]
        scheduled = [each for each in scheduled if each.rule.id == rule]
        if not campaigns and not scheduled:
            fail(f"nothing was started of {rule!r}, and it does not come by the calendar")
    _run(count(settings, bundles, campaigns if rule else worth_counting(campaigns, now)))
    if as_json:
        newest = campaigns[0].as_json() if campaigns else dict(_NOTHING)
        lists = {"campaigns": [each.as_json() for each in campaigns], "schedules": [s.as_json() for s in scheduled]}
        print_json(newest | lists)
        return
    if not campaigns and not scheduled:
        answer("nothing was started, and no rule comes by the calendar")
    for campaign in campaigns:
        tell(campaign, bundles[campaign.merchant].program.time_zone)
    for each in scheduled:
        tell_occasions(each, bundles[each.merchant].program.time_zone)


@app.command()
def stop(
    rule: Annotated[str, typer.Argument(help="The rule whose newest campaign it is, or the campaign itself.")],
    *,
    merchant: Merchant = "",
    wait: WaitS = _WAIT_S,
    as_json: AsJson = False,
) -> None:
    """Walk nobody any more, and call off what waits of it; what has left has left."""
    from stamgast.campaigns.starting import stop as stop_campaign
    from stamgast.commands.stamping import stamp_of

    settings = load_settings()
    now = stamp_of(settings)
    bundles = _bundles(settings, merchant)
    campaign = next((each for each in _look(settings, bundles, now)[0] if rule in {each.rule, each.id}), None)
    if campaign is None:
        fail(f"no campaign of {rule!r} was ever started")
    if campaign.state != "stopped":
        _run(stop_campaign(settings, campaign, now))
        note_done(settings, Did.CAMPAIGN_STOPPED, About(campaign.merchant, rule=campaign.rule))
    found = _wait_until(settings, bundles, campaign.id, wait, lambda each: each.state == "stopped") or campaign
    if as_json:
        print_json(found.as_json())
    elif found.state == "stopped":
        answer(f"{found.id} is stopped, {progress_of(found)}{outcome_of(found)}")
    else:
        answer(f"{found.id} is being stopped; `stamgast campaign status {found.id}` tells when it is")


_NOTHING: Final[dict[str, Any]] = {
    "campaign": None, "audience": 0, "matched": 0, "appended": 0, "sent": 0, "withheld": {}, "state": "none",
}  # fmt: skip


def _free_moment(settings: Settings, merchant: str, bundle: Bundle, rule: str, now: Millis, *, starts: bool) -> Millis:
    """The occasion that a start is: now, and another one than those before. Nothing of that rule may go on."""
    from stamgast.campaigns.starting import is_on_its_way

    before = [each for each in _look(settings, {merchant: bundle}, now)[0] if each.rule == rule]
    running = [each for each in before if each.is_under_way]
    if running and starts:
        how = f"`stamgast campaign stop {rule}` stops it"
        if running[0].state == "starting":
            how = f"`stamgast campaign start {rule} --finish` goes on with it, {how}"
        fail(f"{running[0].id} is {running[0].state} still: {how}")
    if starts and _run(is_on_its_way(settings, merchant, rule)):
        fail(f"{rule} was started before, and no worker has come to it yet: it begins as soon as one runs")
    return max([now, *(each.occasion + 1 for each in before)])


def _finish(settings: Settings, rule: str, merchant: str, wait: float, *, as_json: bool) -> None:
    from stamgast.campaigns.starting import finish

    bundles = _bundles(settings, merchant)
    campaigns, _ = _look(settings, bundles, settings.make_clock().now())
    campaign = next((each for each in campaigns if rule in {each.rule, each.id}), None)
    if campaign is None or campaign.state != "starting":
        fail(f"no campaign of {rule!r} is on its way to some partitions only")
    _run(finish(settings, campaign))
    found = _wait_until(settings, bundles, campaign.id, wait, lambda each: each.state != "starting") or campaign
    if as_json:
        print_json(found.as_json())
    else:
        answer(f"{found.id} has started in all partitions, {progress_of(found)}")


def somebody_is_here() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


async def _count(
    settings: Settings, merchant: str, bundle: Bundle, what: tuple[str, str | None], now: Millis
) -> tuple[Aim, Counted]:
    """`what` is the rule and the audience; None: that which its occasions by the calendar are for."""
    from stamgast.campaigns.audience import aim, aim_by_calendar, count

    told = 0

    def progress(looked: int) -> None:
        nonlocal told
        if looked - told >= _TELL_EVERY:
            told = looked
            say(f"{so_many(looked, 'customer was', 'customers were')} looked at")

    rule, audience = what
    if audience is None:
        aimed = aim_by_calendar(settings, merchant, bundle, rule)
    else:
        aimed = aim(settings, merchant, bundle, rule, audience)
    return aimed, await count(settings, aimed, now, progress)


async def _start(settings: Settings, aimed: Aim, counted: Counted, now: Millis, wait: float) -> Campaign | None:
    from stamgast.campaigns.starting import start as start_campaign

    event = await start_campaign(settings, aimed, counted, now)
    bundles = {event.merchant: aimed.bundle}
    name = f"{event.rule}@{event.occasion}"
    return await _until(settings, bundles, name, wait, lambda each: each.state != "starting")


async def _fix(settings: Settings, aimed: Aim, counted: Counted, now: Millis, wait: float) -> bool:
    """Say whom it is for; return whether all partitions have heard of it within so many seconds."""
    from stamgast.campaigns.starting import start as start_campaign
    from stamgast.campaigns.status import lists_of

    which = aimed.bundle.program.merchant, aimed.rule.id
    before = max((mark.occasion for mark in (await lists_of(settings, *which)).values()), default=0)
    event = await start_campaign(settings, aimed, counted, max(now, before + 1), by_calendar=True)
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        lists = await lists_of(settings, *which)
        if len(lists) == len(event.places) and all(mark.occasion == event.occasion for mark in lists.values()):
            return True
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(_LOOK_S)


def _wait_until(
    settings: Settings, bundles: Mapping[str, Bundle], name: str, seconds: float, done: Callable[[Campaign], bool]
) -> Campaign | None:
    return _run(_until(settings, bundles, name, seconds, done))


async def _until(
    settings: Settings, bundles: Mapping[str, Bundle], name: str, seconds: float, done: Callable[[Campaign], bool]
) -> Campaign | None:
    """Look until it is so, or the time is over; the campaign as it was seen last."""
    from stamgast.campaigns.status import count, look

    deadline = asyncio.get_running_loop().time() + seconds
    now = settings.make_clock().now()
    while True:
        campaigns, _ = await look(settings, bundles, now)
        found = next((each for each in campaigns if each.id == name), None)
        if (found is not None and done(found)) or asyncio.get_running_loop().time() >= deadline:
            break
        await asyncio.sleep(_LOOK_S)
    if found is not None:
        await count(settings, bundles, [found])
    return found


def _look(settings: Settings, bundles: Mapping[str, Bundle], now: Millis) -> tuple[list[Campaign], list[Occasions]]:
    from stamgast.campaigns.status import check, look

    async def looked() -> tuple[list[Campaign], list[Occasions]]:
        await check(settings)
        return await look(settings, bundles, now)

    return _run(looked())


def _merchant(settings: Settings, merchant: str, rule: str) -> tuple[str, Bundle]:
    """Whose rule it is: of several merchants the one that has such a rule."""
    bundles = _bundles(settings, merchant)
    having = {name: bundle for name, bundle in bundles.items() if rule in bundle.rules.by_id}
    if len(bundles) > 1 and len(having) != 1:
        misuse(f"say --merchant: {', '.join(sorted(having or bundles))}")
    return next(iter((having or bundles).items()))


def _bundles(settings: Settings, merchant: str) -> dict[str, Bundle]:
    from stamgast.lookup import newest_bundles

    return _run(newest_bundles(settings, merchant))


def _run(work: Coroutine[Any, Any, T]) -> T:
    from stamgast.campaigns.audience import RefusedCampaignError
    from stamgast.campaigns.buyers import TooFarBackError
    from stamgast.campaigns.identifiers import BadFileError
    from stamgast.campaigns.starting import NotEverywhereError
    from stamgast.log.producers import EmitError

    with Reasons():
        try:
            return asyncio.run(work)
        except (RefusedCampaignError, TooFarBackError, BadFileError, NotEverywhereError, EmitError, OSError) as error:
            fail(str(error))


def _show_before(
    aimed: Aim, counted: Counted, found: dict[str, Any], verb: str, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Tell how many it is for, to whoever asked for that or is to say yes."""
    if not (dry_run or yes) and (as_json or not somebody_is_here()):
        misuse(f"say --yes to {verb} it, or --dry-run to count only: nobody is here to be asked")
    if dry_run or not as_json:
        _tell_count(aimed, counted, found, as_json=as_json)


def _counted(aimed: Aim, counted: Counted) -> dict[str, Any]:
    return {
        "rule": aimed.rule.id,
        "merchant": aimed.bundle.program.merchant,
        "audience": counted.size,
        "audience_name": aimed.name or None,
        "matched": counted.matched,
        "appended": 0,
        "sent": 0,
        "withheld": {},
        "state": "counted",
        "lines_naming_nobody": counted.nobody,
        "such_as_lines": counted.such_as,
        "lines_naming_somebody_again": counted.twice,
    }


def _tell_count(aimed: Aim, counted: Counted, found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    whom = "all customers" if not aimed.name else f"the audience {aimed.name}"
    answer(f"{aimed.rule.id} is for {whom}: {counted.size:,}, of whom {counted.matched:,} match now")
    if counted.nobody:
        lines = ", ".join(map(str, counted.such_as))
        answer(f"  lines of the file that name nobody: {counted.nobody:,}, such as {lines}")
    if counted.twice:
        answer(f"  lines that name somebody again: {counted.twice:,}")
