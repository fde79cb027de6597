"""Events of a merchant's own making come in over HTTP: taken in or refused one by one, then acknowledged.

202 says that all of them were taken, 207 that some were and some were not, 422 that none was. The same id again within
a day sets nothing off twice, so whoever got no answer sends the same batch again.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, ValidationError, WithJsonSchema
from starlette.requests import Request
from starlette.responses import JSONResponse

from rules.yaml.problems import suggest
from stamgast.domain.events import OwnEvent, encode_event, key_of
from stamgast.domain.own_events import EventKind, Value
from stamgast.domain.program import Program
from stamgast.domain.units import HOUR, Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.joining import Question
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import opened, usable_identifiers_of
from stamgast.identity.sealing import SealError
from stamgast.pos.canonical import CustomerReference, Strict
from stamgast.pos.documents import read_document
from stamgast.pos.problems import Problem, RefusedError, pointer, problems_of
from stamgast.pos.reading import MOST_PURCHASES, TooManyError
from stamgast.pos.types import Id, Instant
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import Entrance, enter_to_change, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.idempotency import one_request

MOST_ERRORS: Final = 10
"""That a refused event of a batch is told of."""
_ASKED: Final[dict[Question, str]] = {
    "unused_phone": "nothing was heard of this phone's customer for a year: it may be somebody else's by now",
    "two_customers": "these identifiers are two customers'; the first of them that is known counts",
}
_AHEAD: Final[Millis] = HOUR
"""A clock may be ahead of ours by so much."""

_AnyValue = Annotated[Any, WithJsonSchema({"anyOf": [{"type": each} for each in ("string", "integer", "boolean")]})]
"""Which of them it has to be says program.yaml, and so does what is said of one that it is not."""


class OwnEventRequest(Strict):
    """Something that program.yaml declares under `events` happened to a customer.

    `id` is the sender's own for it: the same id again is the same event. Without `happened_at` it has just happened.
    """

    id: Id
    event: Id
    customer: CustomerReference
    happened_at: Instant | None = None
    fields: Annotated[dict[str, _AnyValue], Field(max_length=64)] = Field(default_factory=dict)


class _Taken(NamedTuple):
    """One that is as it should be, and whom it names: by a customer id, or by identifiers."""

    place: str
    given: OwnEventRequest
    fields: dict[str, Value]
    happened_at: Millis
    customer: str | None
    identifiers: list[Identifier]
    question: Question | None = None
    """What somebody should be asked about these."""


class _Refused(NamedTuple):
    name: str
    problems: list[Problem]


@open_to(KeyWith("intake"))
async def post_events(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/events`: one event or a list of up to 1,000."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    body = await read_body(request, deps.limits.batch_bytes)
    async with one_request(request, entrance.merchant, body):
        return await _take(deps, entrance, body)


async def _take(deps: Deps, entrance: Entrance, body: bytes) -> JSONResponse:
    document = read_document(body)
    items = document if isinstance(document, list) else [document]
    if not items:
        raise RefusedError([{"pointer": "", "detail": "the batch is empty"}])
    if len(items) > MOST_PURCHASES:
        raise TooManyError(f"{len(items)} events in one request; at most {MOST_PURCHASES}")
    many, at, program = isinstance(document, list), deps.clock.now(), entrance.program
    read = [_read(item, f"/{n}" if many else "", program, deps, at) for n, item in enumerate(items)]
    outcomes = await _named(deps, program, read, at)
    taken = [each for each in outcomes if isinstance(each, _Taken)]
    if not taken:
        raise RefusedError([problem for each in outcomes if isinstance(each, _Refused) for problem in each.problems])
    records = [_record(each, program.merchant, at) for each in taken]
    await deps.appender.append(deps.topics.customer_events, records)
    refused = len(outcomes) - len(taken)
    answer: dict[str, Any] = {"accepted": len(taken)}
    if refused:
        answer["refused"] = refused
    answer["events"] = [_answer(each, status=refused > 0) for each in outcomes]
    if doubts := [each for each in taken if each.question is not None]:
        answer["warnings"] = [_warning(each.place, each.question) for each in doubts if each.question]
    return JSONResponse(answer, 207 if refused else 202)


def _read(item: Any, place: str, program: Program, deps: Deps, at: Millis) -> _Taken | _Refused:
    name = item.get("id") if isinstance(item, dict) else None
    refused = partial(_Refused, name[:200] if isinstance(name, str) else "")
    if not isinstance(item, dict):
        return refused([{"pointer": place, "detail": "an event is a JSON object"}])
    try:
        given = OwnEventRequest.model_validate(item)
    except ValidationError as error:
        return refused(problems_of(error, OwnEventRequest, place))
    kind = program.events.get(given.event)
    if kind is None:
        detail = f"program.yaml declares no event of this name. {suggest(given.event, program.events)}".strip()
        return refused([{"pointer": f"{place}/event", "detail": detail}])
    fields, problems = _fields(given, kind, place)
    happened = at if given.happened_at is None else round(given.happened_at.timestamp() * 1000)
    if happened > at + _AHEAD:
        problems.append({"pointer": f"{place}/happened_at", "detail": "lies in the future"})
    identifiers: list[Identifier] = []
    if given.customer.customer_id is None:
        try:
            whose = opened(given.customer, partial(deps.identities.unseal, program.merchant))
            identifiers = usable_identifiers_of(whose, program.home).identifiers
        except SealError as error:
            problems.append({"pointer": f"{place}/customer/sealed", "detail": f"sealed {error}"})
        except BadPhoneError as error:
            problems.append({"pointer": f"{place}/customer/phone", "detail": f"phone {error}"})
    if problems:
        return refused(problems)
    return _Taken(place, given, fields, min(happened, at), given.customer.customer_id, identifiers)


def _fields(given: OwnEventRequest, kind: EventKind, place: str) -> tuple[dict[str, Value], list[Problem]]:
    fields: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, value in given.fields.items():
        where = pointer(place, ["fields", name])
        field = kind.fields.get(name)
        read = None if field is None else field.read(value)
        if field is None:
            what = f"{given.event} has no such field. {suggest(name, kind.fields) if kind.fields else ''}".strip()
            problems.append({"pointer": where, "detail": what})
        elif read is None:
            problems.append({"pointer": where, "detail": f"{name} does not fit", "allowed": field.expected})
        else:
            fields[name] = read
    return fields, problems


async def _named(
    deps: Deps, program: Program, read: Sequence[_Taken | _Refused], at: Millis
) -> list[_Taken | _Refused]:
    """Whom each names, with one question for all. An id that is nobody's is refused: there is nobody to tell."""
    taken = [each for each in read if isinstance(each, _Taken)]
    given = {each.customer for each in taken if each.customer is not None}
    unknown = await deps.identities.unknown(program.merchant, given) if given else frozenset[str]()
    references = [each.identifiers for each in taken if each.customer is None]
    resolve = deps.identities.resolve_many
    resolved = iter(await resolve(program.merchant, references, at, deps.last_heard) if references else ())
    found: list[_Taken | _Refused] = []
    for each in read:
        if isinstance(each, _Refused):
            found.append(each)
        elif each.customer is None:
            customer, question = next(resolved)
            found.append(each._replace(customer=customer, question=question))
        elif each.customer in unknown:
            problem = {"pointer": f"{each.place}/customer/customer_id", "detail": "nobody is known by this id"}
            found.append(_Refused(each.given.id, [problem]))
        else:
            found.append(each)
    return found


def _record(taken: _Taken, merchant: str, at: Millis) -> tuple[bytes, bytes]:
    customer = taken.customer or ""
    event = OwnEvent(
        merchant=merchant,
        customer=customer,
        at=at,
        id=hashlib.blake2b(taken.given.id.encode(), digest_size=16).hexdigest(),
        name=taken.given.event,
        happened_at=taken.happened_at,
        fields=taken.fields,
    )
    return key_of(merchant, customer), encode_event(event)


def _answer(outcome: _Taken | _Refused, *, status: bool) -> dict[str, Any]:
    """What became of one; with `status` where not all of them share one."""
    if isinstance(outcome, _Refused):
        return {"status": 422, "id": outcome.name, "errors": outcome.problems[:MOST_ERRORS]}
    return ({"status": 202} if status else {}) | {"id": outcome.given.id, "customer": outcome.customer}


def _warning(place: str, question: Question) -> Problem:
    return {"pointer": f"{place}/customer", "detail": _ASKED[question]}


def own_event_schema() -> dict[str, Any]:
    """The JSON Schema of one event."""
    return OwnEventRequest.model_json_schema(ref_template="#/components/schemas/{model}")
