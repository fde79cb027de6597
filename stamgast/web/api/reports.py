"""What rules earned, and which there are: what `stamgast report` and `stamgast rules` say."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from rules.yaml.problems import suggest
from stamgast.domain.earned import report
from stamgast.people.rule_counts import RuleCounts
from stamgast.programs.record import decode_bundle
from stamgast.programs.told_rules import ToldRules, rules_told
from stamgast.state.counters import totals_of_merchant
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import Entrance, enter
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem, unavailable

Json = dict[str, Any]

_OF_REPORT: Final = frozenset({"rule"})
_BY_COMMAND: Final = ("from", "to")


@open_to(KeyWith("read"))
async def get_report(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/report`: what rules came to since ever; `?rule=` of one of them."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    asked = _asked(request)
    _, told = await _in_force(deps, entrance)
    totals = await _totals(deps, entrance)
    named = [each.rule for each in told.rules]
    document = report(totals, entrance.program, named, told.budgets, told.campaigns, full_cards=told.full_cards)
    if asked:
        known: Mapping[str, Any] = document["rules"]
        if asked not in known:
            raise Problem(404, "no-rule", f"{entrance.merchant} has no rule {asked!r}. {suggest(asked, known)}".strip())
        document["rules"] = {asked: known[asked]}
    return JSONResponse(document)


@open_to(KeyWith("read"))
async def get_rules(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/rules`: those in force, each read back in a sentence, and what became of it."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    content, in_force = await _in_force(deps, entrance)
    totals = await _totals(deps, entrance)
    told = []
    for each in in_force.rules:
        counts = RuleCounts(each.rule)
        counts.add(totals)
        told.append(each.as_json() | {"counts": counts.as_json()})
    return JSONResponse({"merchant": entrance.merchant, "hash": content, "rules": told})


def _asked(request: Request) -> str:
    """The rule that is asked about; empty for all."""
    for name in request.query_params:
        if name in _BY_COMMAND:
            detail = f"`{name}`: a span of days is reckoned from the logs, which takes too long for a request. "
            raise Problem(422, "invalid", detail + "Use `stamgast report --from … --to … --json`.")
        if name not in _OF_REPORT:
            raise Problem(422, "invalid", f"`{name}` is not asked for here. {suggest(name, _OF_REPORT)}".strip())
    return request.query_params.get("rule", "")


async def _in_force(deps: Deps, entrance: Entrance) -> tuple[str, ToldRules]:
    packed = await deps.merchants.bundle(entrance.merchant)
    if packed is None:
        raise unavailable("Not ready: the programmes are still being read.")
    return await asyncio.to_thread(lambda: (decode_bundle(packed).hash, rules_told(packed)))


async def _totals(deps: Deps, entrance: Entrance) -> dict[str, int]:
    await deps.filling.check()
    return await totals_of_merchant(deps.redis, deps.topics.partitions, entrance.merchant)
