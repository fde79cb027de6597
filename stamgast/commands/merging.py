"""`stamgast customer merge`: what it comes to is told first, for it cannot be undone."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from stamgast.audit.record import About, Did
from stamgast.commands.answering import answer, fail, kafka_of, misuse, print_json
from stamgast.commands.finding import Reasons
from stamgast.commands.noting import note_done
from stamgast.commands.stamping import stamp_of
from stamgast.domain.counting import so_many
from stamgast.logs import get_logger

if TYPE_CHECKING:
    from stamgast.lookup import People
    from stamgast.people.merger import Done, Merger, Plan
    from stamgast.settings import Settings

log = get_logger(__name__)


def merge_customers(
    settings: Settings,
    merchant: str,
    named: tuple[str, str],
    *,
    how: tuple[bool, bool, bool],
    why: str,
    as_json: bool,
) -> None:
    """Say what merging comes to, ask, and do it. `how`: only look; do not ask; although rewards are earned again."""
    dry_run, yes, rewards_again = how
    if not (dry_run or yes) and (as_json or not sys.stdin.isatty()):
        misuse("say --yes to merge them, or --dry-run to look only: nobody is here to be asked")
    at = stamp_of(settings)
    plan = _run(_plan(settings, merchant, named, at))
    if dry_run or not as_json:
        _show(merchant, plan, as_json=as_json)
    if plan.redeemed and not rewards_again and not dry_run:
        fail(
            f"{plan.former} has used {so_many(plan.redeemed, 'reward')}, which {plan.into} would earn again by the "
            f"same purchases. Merge them the other way round, or say --rewards-again; nothing was changed"
        )
    if dry_run:
        return
    if not yes:
        typer.confirm("Merge them?", abort=True)
    done = _run(_do(settings, merchant, plan, max(at, stamp_of(settings))))
    note_done(settings, Did.CUSTOMERS_MERGED, About(merchant, customer=plan.into, words=why))
    log.info("customers merged", merchant=merchant, former=plan.former, customer=plan.into, why=why[:200])
    later = "" if done.applied else " It stands in the log; ask again once the workers have caught up, it does no harm."
    if as_json:
        print_json(_document(merchant, plan) | {"merged": True, "applied": done.applied, "why": why})
    else:
        what = f"{so_many(done.brought, 'purchase')}, {so_many(done.names, 'name')}"
        answer(f"{plan.former} is {plan.into} now: {what}.{later}")


def _run(work: Any) -> Any:
    from stamgast.people.merger import NotMergeableError

    with Reasons():
        try:
            return asyncio.run(work)
        except NotMergeableError as error:
            fail(str(error))


async def _plan(settings: Settings, merchant: str, named: tuple[str, str], at: int) -> Plan:
    from stamgast.lookup import name_customer, open_people

    async with open_people(settings) as people:
        former, into = [(await name_customer(settings, people, merchant, each)).customer for each in named]
        return await _merger(settings, people).plan(merchant, former, into, at)


async def _do(settings: Settings, merchant: str, plan: Plan, at: int) -> Done:
    from stamgast.lookup import open_people

    async with open_people(settings) as people:
        return await _merger(settings, people).do(merchant, plan, at)


def _merger(settings: Settings, people: People) -> Merger:
    from stamgast.people.merger import Merger

    return Merger(people.identities, people.appender.append, people.state_of, people.topics, kafka_of(settings))


def _show(merchant: str, plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(merchant, plan) | {"merged": False})
        return
    answer(f"{plan.former} of {merchant} becomes {plan.into}. This cannot be undone.")
    over = so_many(plan.purchases - plan.stay_behind, "purchase goes", "purchases go")
    answer(f"  {over} over; cards, tiers and CLV are reckoned with what goes over.")
    if plan.stay_behind:
        stay = so_many(plan.stay_behind, "purchase stays", "purchases stay")
        answer(f"  {stay} under {plan.former}: from more than 400 days ago.")
    if plan.open_vouchers:
        end = so_many(plan.open_vouchers, "open voucher ends", "open vouchers end")
        answer(f"  {end}; what earned that earns it anew, with a new code.")
    if plan.redeemed:
        used = so_many(plan.redeemed, "reward was", "rewards were")
        answer(f"  {used} used, and would be earned again by the same purchases.")
    if plan.consents_lost:
        answer(f"  Agreed to by the first alone, so not any more: {', '.join(plan.consents_lost)}.")
    if plan.opts_out:
        answer(f"  {plan.former} wants no messages, so {plan.into} gets none either, until they say START.")


def _document(merchant: str, plan: Plan) -> dict[str, Any]:
    return {"merchant": merchant} | asdict(plan)
