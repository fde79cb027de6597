"""A customer claims a receipt that was nobody's: the request becomes a record, and the transaction's owner answers it.

Whoever has the receipt's token claims by it; a till, with a key of scope `till`, names the receipt itself. The answer
is waited for up to two seconds; a later one is at the `Location`. A claim's id begins with its transaction's partition.
"""

import asyncio
import re
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, Final, NamedTuple, Self

import msgspec
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.domain.claims import Asked, ClaimOutcome, Limit, decode_answer, encode_claim
from stamgast.domain.program import Program
from stamgast.domain.units import MINUTE
from stamgast.identity.ids import Identifier
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.receipt_tokens import LONGEST, TokenError
from stamgast.identity.references import opened, usable_identifiers_of
from stamgast.identity.sealing import SealError
from stamgast.pos.canonical import CustomerReference, Strict
from stamgast.pos.documents import read_document
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.pos.scope import scoped_id
from stamgast.pos.types import CalendarDay, Id
from stamgast.state.keys import PartitionKeys, transactions
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import Entrance, enter, enter_to_change, read_body, too_many
from stamgast.web.deps import Deps, deps_of
from stamgast.web.idempotency import idempotency_key, reused
from stamgast.web.owners_answer import WAIT_S, Told, digest, id_of, refuse_other_request, wait_for
from stamgast.web.problem import Problem
from stamgast.web.receipt_codes import Kind, picture_of
from stamgast.web.velocity import Counted
from stamgast.web.velocity import too_many as over_of

_CLAIM: Final = re.compile(r"([0-9A-F]{1,3})-[0-9a-f]{32}")
_SAID: Final = {
    ClaimOutcome.NO_RECEIPT: (
        404,
        "no-receipt",
        "No such receipt is known yet. Ask again, under a new Idempotency-Key, once its till has told it.",
    ),
    ClaimOutcome.TAKEN: (
        409,
        "already-claimed",
        "This receipt is somebody's already, or somebody's claim of it waits: it is claimed once.",
    ),
    ClaimOutcome.TOO_LATE: (
        409,
        "too-late",
        "This receipt is too old to be claimed: `purchases: {claims: {within: …}}` of program.yaml says how old.",
    ),
    ClaimOutcome.NOTHING_LEFT: (
        409,
        "nothing-to-claim",
        "Nothing of this receipt counts: it is open, voided, a test, or all of it was given back.",
    ),
    ClaimOutcome.REFUSED: (409, "refused", "The shop has looked at this claim and refused it."),
}


class Receipt(Strict):
    """Which receipt: its transaction id, with store and day where ids are told apart by them."""

    transaction_id: Id
    store: Id | None = None
    business_day_date: CalendarDay | None = None


class TokenRequest(Receipt):
    """The same, and how its token is wanted beside the text: as a picture, and within a link of the shop's own."""

    qr: Kind | None = None
    link: Annotated[str, Field(max_length=500, pattern=r"^https://[!-~]+$")] | None = None


class ClaimRequest(Strict):
    """Who claims which receipt: by its token, or by its transaction id."""

    token: Annotated[str, Field(min_length=1, max_length=LONGEST)] | None = None
    transaction_id: Id | None = None
    store: Id | None = None
    business_day_date: CalendarDay | None = None
    operator_id: Id | None = None
    customer: CustomerReference

    @model_validator(mode="after")
    def _names_one_receipt(self) -> Self:
        if (self.token is None) == (self.transaction_id is None):
            raise PydanticCustomError("receipt", "names no receipt, or two: give token or transaction_id")
        return self


class _Claim(NamedTuple):
    merchant: str
    id: str
    slot: PartitionKeys

    @property
    def location(self) -> str:
        return f"/v1/merchants/{self.merchant}/claims/{self.id}"

    @property
    def answer(self) -> str:
        return self.slot.answer(self.merchant, self.id)


@open_to(KeyWith("intake"))
async def post_claim(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/claims`."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    key = idempotency_key(request)
    given = _read(await read_body(request, deps.limits.body_bytes), ClaimRequest)
    return (await claim_receipt(deps, entrance, key, given)).response()


async def claim_receipt(deps: Deps, entrance: Entrance, key: str, given: ClaimRequest) -> Told:
    """Claim under an Idempotency-Key, and wait for the owner. Raises `Problem`, `RefusedError`."""
    event_id = id_of(key)
    transaction = _transaction_of(deps, entrance, given)
    partition = deps.appender.partition_of(deps.topics.purchases, f"{entrance.merchant}:{transaction}".encode())
    claim = _Claim(entrance.merchant, f"{partition:X}-{event_id}", transactions(partition))
    customer = await _customer_of(deps, entrance, given.customer)
    asked = digest(msgspec.json.encode([transaction, customer, given.operator_id, given.store]))[:32]
    await refuse_other_request(deps, f"web:request:{entrance.merchant}:{event_id}", asked)
    if await deps.redis.get(claim.answer) is None:
        await _append(deps, entrance.program, given, Asked(transaction, claim.id, claim.id, customer, asked))
    return await _answer(deps, claim, WAIT_S, asked)


async def claim_by_page(deps: Deps, program: Program, transaction: str, customer: str) -> ClaimOutcome | None:
    """Claim a receipt whose token was shown; asked for twice within a minute, it is one claim. None: no answer yet."""
    merchant, minute = program.merchant, deps.clock.now() // MINUTE
    partition = deps.appender.partition_of(deps.topics.purchases, f"{merchant}:{transaction}".encode())
    claim_id = f"{partition:X}-{id_of(f'page:{transaction}:{customer}:{minute}')}"
    claim = _Claim(merchant, claim_id, transactions(partition))
    asked = digest(msgspec.json.encode([transaction, customer]))[:32]
    if await deps.redis.get(claim.answer) is None:
        receipt = Receipt(transaction_id=transaction)
        await _append(deps, program, receipt, Asked(transaction, claim.id, claim.id, customer, asked))
    stored = await wait_for(deps, claim.answer, WAIT_S)
    outcome = None if stored is None else decode_answer(stored).outcome
    _count(deps, claim, "pending" if outcome is None else outcome.value, asked)
    return outcome


@open_to(KeyWith("intake"))
async def get_claim(request: Request) -> JSONResponse:
    """`GET …/claims/{claim}`: the answer to an earlier request, or 202 while there is none."""
    deps = deps_of(request)
    entrance = await enter(request, "intake")
    name = request.path_params["claim"]
    match = _CLAIM.fullmatch(name)
    if match is None or (partition := int(match[1], 16)) >= deps.topics.partitions:
        raise Problem(404, "no-claim", "This is not the address of a claim: take it from `Location`.")
    claim = _Claim(entrance.merchant, name, transactions(partition))
    known = f"web:request:{entrance.merchant}:{name.partition('-')[2]}"
    if await deps.redis.get(claim.answer) is None and not await deps.redis.exists(known):
        raise Problem(404, "no-claim", "There was no such request in the last 24 hours.")
    return (await _answer(deps, claim, 0)).response()


@open_to(KeyWith("till"))
async def post_token(request: Request) -> JSONResponse:
    """`POST …/claims/tokens`: what a till prints on a receipt, as a QR or in a link; nothing is written."""
    deps = deps_of(request)
    entrance = await enter(request, "till")
    given = _read(await read_body(request, deps.limits.body_bytes), TokenRequest)
    transaction = _within(entrance.program, given)
    token = deps.identities.receipt_tokens.of(entrance.merchant, transaction)
    text = f"{given.link or ''}{token}"
    told = {"token": token} | ({"link": text} if given.link else {})
    if given.qr:
        told["qr"] = await asyncio.to_thread(picture_of, text, given.qr)
    deps.metrics.claims.labels(entrance.merchant, "token").inc()
    return JSONResponse(told, 201)


def _read(body: bytes, model: Any) -> Any:
    document = read_document(body)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise RefusedError(problems_of(error, model)) from None


def _transaction_of(deps: Deps, entrance: Entrance, given: ClaimRequest) -> str:
    if given.token is None:
        if not entrance.key.allows("till"):
            detail = "This key may not name a receipt without its token. Send the receipt's token, or use a till's key."
            raise Problem(403, "scope", detail)
        return _within(entrance.program, given)
    if seconds := deps.wrong_codes.wait(entrance.key.id):
        raise too_many("tokens that are none", seconds)
    try:
        return deps.identities.receipt_tokens.transaction_in(entrance.merchant, given.token)
    except TokenError as error:
        deps.wrong_codes.take(entrance.key.id)
        raise RefusedError([{"pointer": "/token", "detail": f"token {error}"}]) from None


def _within(program: Program, given: Receipt | ClaimRequest) -> str:
    return scoped_id(program, given.transaction_id or "", given.store, given.business_day_date)


async def _customer_of(deps: Deps, entrance: Entrance, reference: CustomerReference) -> str:
    """Whom the claim names; somebody new becomes a customer by it, as by a purchase."""
    merchant = entrance.merchant
    if reference.customer_id:
        if await deps.identities.unknown(merchant, [reference.customer_id]):
            raise Problem(404, "no-customer", f"{merchant} knows nobody by this customer_id.")
        return reference.customer_id
    try:
        named = opened(reference, partial(deps.identities.unseal, merchant))
        identifiers = usable_identifiers_of(named, entrance.program.home).identifiers
    except SealError as error:
        raise RefusedError([{"pointer": "/customer/sealed", "detail": f"sealed {error}"}]) from None
    except BadPhoneError as error:
        raise RefusedError([{"pointer": "/customer/phone", "detail": f"phone {error}"}]) from None
    found = await deps.identities.resolve(merchant, identifiers, deps.clock.now(), deps.last_heard)
    return found.customer


async def _is_staff(deps: Deps, program: Program, customer: str) -> bool:
    """Whether a customer has the phone of somebody who works there, in whose hands others leave their receipts."""
    identities, phones = deps.identities, []
    for each in program.staff.values():
        with suppress(SealError):  # of another ID_KEY: what is told to staff complains of it
            phones.append(Identifier("phone", identities.phone_of_staff(program.merchant, each.phone)))
    return bool(phones) and customer in (await identities.customers_of(program.merchant, phones)).values()


async def _store_of(deps: Deps, merchant: str, transaction: str) -> str:
    known = (await deps.known_transactions.of(merchant, [transaction])).get(transaction)
    return "" if known is None or known.snapshot is None else known.snapshot.store


async def _append(deps: Deps, program: Program, given: ClaimRequest | Receipt, asked: Asked) -> None:
    """Put a claim on the log, with what the programme says of it now and of what there were too many today."""
    merchant, rules, at = program.merchant, program.claims, deps.clock.now()
    operator = given.operator_id if isinstance(given, ClaimRequest) else None
    store = given.store or await _store_of(deps, merchant, asked.transaction_id)
    counted = {Limit.CUSTOMER: Counted(asked.customer_id, rules.per_customer)}
    if operator:
        counted[Limit.OPERATOR] = Counted(operator, rules.per_operator)
    if store:
        counted[Limit.STORE] = Counted(store, rules.per_store)
    staff = (Limit.STAFF,) if await _is_staff(deps, program, asked.customer_id) else ()
    whole = msgspec.structs.replace(
        asked,
        within=rules.within,
        over=staff + await over_of(deps.redis, merchant, asked.id, counted, at),
        operator_id=operator or "",
        store=store,
    )
    await deps.appender.append(deps.topics.purchases, [encode_claim(merchant, whole, at)])


async def _answer(deps: Deps, claim: _Claim, wait_s: float, asked: str = "") -> Told:
    stored = await wait_for(deps, claim.answer, wait_s)
    where = {"Location": claim.location}
    if stored is None:
        _count(deps, claim, "pending", asked)
        content = {"status": "pending", "claim": claim.id, "location": claim.location}
        return Told(content, 202, {**where, "Retry-After": "1"})
    answer = decode_answer(stored)
    if asked and answer.request not in {"", asked}:  # a Redis that was lost forgets which request a key came with
        raise reused()
    _count(deps, claim, answer.outcome.value, asked)
    if answer.outcome in _SAID:
        status, slug, detail = _SAID[answer.outcome]
        raise Problem(status, slug, detail, headers=where)
    content = {"status": answer.outcome, "claim": claim.id, "customer": answer.customer}
    content["transaction_id"] = answer.transaction
    return Told(content, 200 if answer.outcome is ClaimOutcome.CLAIMED else 202, where)


def _count(deps: Deps, claim: _Claim, outcome: str, asked: str) -> None:
    """Count what a claim came to; who only asks what became of one is not counted again."""
    if asked:
        deps.metrics.claims.labels(claim.merchant, outcome).inc()
