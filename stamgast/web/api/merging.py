"""Two customers turn out to be one person: what a merger comes to, and doing it (`stamgast.people.merger`).

It cannot be undone, so `dry_run` says first what it comes to. Asked again it goes on where it was cut short, or says
the same; nothing is doubled by it.
"""

from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.logs import get_logger
from stamgast.people.merger import Merger, NobodyError, NotMergeableError, Plan
from stamgast.pos.canonical import Strict
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.api.customers import customer_in, stored
from stamgast.web.auth import enter_to_change, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.idempotency import one_request
from stamgast.web.problem import Problem

log = get_logger(__name__)

_WAIT_S: Final = 5.0
"""For workers to apply it; what takes longer stands in the log and is applied from there."""


class MergeRequest(Strict):
    """Who the customer of the path is, in truth, and whether to do it or to look only."""

    into: Annotated[str, Field(pattern=r"^c[a-z2-7]{24}$")]
    dry_run: bool = False
    rewards_again: bool = False
    why: Annotated[str, Field(max_length=200)] = ""


@open_to(KeyWith("admin"))
async def post_merge(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/customers/{customer}/merge`."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "admin")
    merchant, former = entrance.merchant, customer_in(request)
    body = await read_body(request, deps.limits.body_bytes)
    async with one_request(request, merchant, body), deps.merging:
        given = _read(body)
        merger = _merger_over(deps)
        try:
            plan = await merger.plan(merchant, former, given.into, deps.clock.now())
            if given.dry_run:
                return JSONResponse(_told(plan, merged=False))
            if plan.redeemed and not given.rewards_again:
                raise _used(plan)
            done = await merger.do(merchant, plan, deps.clock.now(), wait_s=_WAIT_S)
        except NobodyError as error:
            raise Problem(404, "no-customer", f"{error}.") from None
        except NotMergeableError as error:
            raise Problem(409, "not-mergeable", f"{error}. Nothing was changed.") from None
    await note(deps.audit, entrance.who, Did.CUSTOMERS_MERGED, About(merchant, customer=plan.into, words=given.why))
    log.info("customers merged", merchant=merchant, former=former, customer=given.into, why=given.why)
    return JSONResponse(_told(plan, merged=True), 200 if done.applied else 202)


def _merger_over(deps: Deps) -> Merger:
    return Merger(deps.identities, deps.appender.append, partial(stored, deps), deps.topics, deps.kafka)


def _read(body: bytes) -> MergeRequest:
    try:
        return MergeRequest.model_validate(read_document(body))
    except ValidationError as error:
        raise RefusedError(problems_of(error, MergeRequest)) from None


def _told(plan: Plan, *, merged: bool) -> dict[str, Any]:
    document = asdict(plan)
    document["customer"] = document.pop("former")
    return document | {"consents_lost": list(plan.consents_lost), "merged": merged}


def _used(plan: Plan) -> Problem:
    detail = (
        f"{plan.former} has used {plan.redeemed} {'reward' if plan.redeemed == 1 else 'rewards'}, which {plan.into} "
        "would earn again by the same purchases. Merge them the other way round, or send `rewards_again`: true. "
        "Nothing was changed."
    )
    return Problem(409, "rewards-used", detail)
