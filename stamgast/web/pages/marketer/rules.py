"""`GET /app/rules`, and each of them at `/app/rules/{rule}`: what it says and came to, how it reads, and its launch."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rules.yaml.problems import suggest
from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.log.producers import EmitError
from stamgast.log.topics import Topics
from stamgast.marketer.overview import Seen
from stamgast.marketer.reading import InForce, UnknownMerchantError
from stamgast.marketer.rule_files import conditions_said, edited_at, phones_of, source_of
from stamgast.marketer.rules import RulePage, rule_page, rules_page
from stamgast.programs.launching import RefusedLaunchError, Wanted, launch
from stamgast.programs.publish import Signed
from stamgast.programs.told_rules import ToldRule
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.languages import texts
from stamgast.web.pages.marketer.said import REFUSED
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show, speaks
from stamgast.web.problem import Problem, unavailable

_HERE: Final = "/app/rules"
STEPS: Final = ("draft", "shadow", "canary 5%", "live", "paused")
_MOST_WHY: Final = 300


@open_to(Right.SEE_OVERVIEW)
async def get_rules(request: Request) -> Response:
    """Show all rules."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    found, seen = await _read(request, visitor)
    model = rules_page(seen, found.told.rules)
    return show(request, "rules.html", model, visitor=visitor, program=seen.program, here=_HERE)


@open_to(Right.SEE_OVERVIEW)
async def get_rule(request: Request) -> Response:
    """Show one rule."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    found, seen = await _read(request, visitor)
    model = await _page(found, seen, request.path_params["rule"])
    phones = await asyncio.to_thread(phones_of, found.packed, model.figures.rule, seen.now)
    return show(
        request, "rule.html", model, visitor=visitor, program=seen.program, here=_HERE, phones=phones,
        steps=[each for each in STEPS if each != model.figures.status], launched=request.query_params.get("launched"),
        said=await asyncio.to_thread(conditions_said, found.packed, model.figures.rule, speaks(request, seen.program)),
    )  # fmt: skip


@open_to(Right.LAUNCH)
async def get_launch(request: Request) -> Response:
    """Ask whether that is meant, and why."""
    visitor = await signed_in(request, Right.LAUNCH)
    return await _asking(request, visitor, _step(request.query_params.get("to", "")))


@open_to(Right.LAUNCH)
async def post_launch(request: Request) -> Response:
    """Give the rule another status."""
    visitor = await signed_in(request, Right.LAUNCH)
    status, why = _step(str(visitor.form.get("to", ""))), str(visitor.form.get("why", "")).strip()[:_MOST_WHY]
    if not why:
        return await _asking(request, visitor, status, wrong="why")
    deps, rule = deps_of(request), request.path_params["rule"]
    signed = Signed(deps.clock.now(), visitor.who.id, why)
    try:
        done = await _launch(deps.kafka, deps.topics, Wanted(rule, status, visitor.merchant), signed)
    except RefusedLaunchError as error:
        program = (await in_force_or_refuse(request, visitor)).program
        say = texts(speaks(request, program)).gettext
        refused = say(REFUSED[error.refusal]) % {"names": ", ".join(error.names)}
        return await _asking(request, visitor, status, refused=refused, why=why)
    await note(deps.audit, visitor.who, Did.LAUNCHED, About(visitor.merchant, rule=rule, words=f"{done}: {why}"))
    return RedirectResponse(f"{_HERE}/{rule}?launched={status.partition(' ')[0]}", 303)


async def _launch(kafka: str, topics: Topics, wanted: Wanted, signed: Signed) -> str:
    try:
        done = await launch(kafka, topics.programs, wanted, signed)
    except EmitError:
        raise unavailable("Kafka does not say whether it took the launch. Look at the rule, then try again.") from None
    return f"{done.was} → {done.status}"


async def _asking(
    request: Request, visitor: Visitor, status: str, *, wrong: str = "", refused: str = "", why: str = ""
) -> Response:
    found, seen = await _read(request, visitor)
    model = await _page(found, seen, request.path_params["rule"])
    return show(
        request, "rule_launch.html", model, visitor=visitor, program=seen.program, here=_HERE, to=status, wrong=wrong,
        refused=refused, why=why, status=422 if wrong or refused else 200,
    )  # fmt: skip


def _step(text: str) -> str:
    if text not in STEPS:
        raise Problem(422, "invalid", f"{text!r} is no status here: {', '.join(STEPS)}. {suggest(text, STEPS)}".strip())
    return text


async def in_force_or_refuse(request: Request, visitor: Visitor) -> InForce:
    """What is in force. Raises `Problem` 404."""
    try:
        return await reading_of(request).in_force(visitor.merchant)
    except UnknownMerchantError as error:
        raise no_programme(error) from None


async def _read(request: Request, visitor: Visitor) -> tuple[InForce, Seen]:
    reading, now = reading_of(request), deps_of(request).clock.now()
    try:
        return await reading.in_force(visitor.merchant), await reading.seen(visitor.merchant, now)
    except UnknownMerchantError as error:
        raise no_programme(error) from None


async def _page(found: InForce, seen: Seen, rule: str) -> RulePage:
    told = rule_in(found, rule)
    source = await asyncio.to_thread(source_of, found.packed, rule)
    return rule_page(seen, told, source, edited_at(found.packed, rule))


def rule_in(found: InForce, rule: str) -> ToldRule:
    """The rule, as it is read back. Raises `Problem` 404."""
    names = {each.rule: each for each in found.told.rules}
    if rule not in names:
        raise Problem(404, "no-rule", f"There is no rule {rule!r} in force. {suggest(rule, names)}".strip())
    return names[rule]
