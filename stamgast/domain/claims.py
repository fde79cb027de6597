"""A receipt without a customer that somebody claims afterwards: what a claim asks, and what it comes to.

A claim stands on `purchases.v1` under its transaction's key, so that the owner of the transaction decides: of two at
once the log's first gets it. What the programme says (the window) and what was counted (the limits) stands in the
claim itself, so that every later reading of the log decides alike.

A till that names the customer, in whichever version, knows better than a claim: what it says goes before.
"""

from __future__ import annotations

import copy
from enum import StrEnum
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from stamgast.domain.net_purchase import net
from stamgast.domain.purchase_record import Id, RecordedAt
from stamgast.domain.transactions import Claim, Payment, Transaction
from stamgast.domain.units import DAY, Millis

EVENT_TYPE: Final = "stamgast.claim.v1"
REPEATED_WITHIN: Final[Millis] = DAY
"""For so long the same request gets the same answer."""


class Limit(StrEnum):
    """Why a claim waits for a person: of what there were too many in a day, or that one of the staff makes it."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    STORE = "store"
    STAFF = "staff"


class ClaimOutcome(StrEnum):
    """What became of a claim, or of a person's word on one."""

    CLAIMED = "claimed"
    IN_REVIEW = "in_review"
    REFUSED = "refused"
    NO_RECEIPT = "no_receipt"
    NO_CLAIM = "no_claim"
    TAKEN = "taken"
    TOO_LATE = "too_late"
    NOTHING_LEFT = "nothing_left"


class Asked(Struct, frozen=True, omit_defaults=True, gc=False):
    """The `data` of a claim's record; with a `verdict`, a person's word on the claim `claim_id`."""

    transaction_id: Id
    id: Id
    """Of this request."""
    claim_id: Id
    customer_id: Id = ""
    request: Id = ""
    """What stands for all that was asked, so that another request under the same key is told from a repeat."""
    within: Millis = 0
    over: tuple[Limit, ...] = ()
    operator_id: Id = ""
    store: Id = ""
    verdict: Literal["", "confirm", "refuse", "bring", "paid"] = ""
    former: Id = ""
    """Whose it was, where two customers turned out to be one: then it is `customer_id`'s (verdict `bring`)."""
    payment: Payment | None = None
    """What a payment system told of it, under the id `claim_id` (verdict `paid`, `stamgast.domain.payments`)."""


class ClaimRecord(Struct, frozen=True, gc=False):
    """A CloudEvents record of a claim."""

    data: Asked
    type: Literal["stamgast.claim.v1"]
    stamgastrecordedat: RecordedAt


class Answer(Struct, frozen=True, omit_defaults=True, gc=False):
    """What is kept for whoever asked."""

    outcome: ClaimOutcome
    at: Millis
    claim: str = ""
    customer: str = ""
    transaction: str = ""
    request: str = ""


class WaitingClaim(Struct, frozen=True, omit_defaults=True, gc=False):
    """A line of the list of claims that wait for a person."""

    claim: str
    customer: str
    since: Millis
    occurred_at: Millis
    store: str
    spend: int
    currency: str
    over: tuple[Limit, ...]
    operator: str = ""


class Decided(NamedTuple):
    """The transaction's claim after it was asked, and what is said."""

    claim: Claim | None
    outcome: ClaimOutcome


decode_claim = msgspec.json.Decoder(ClaimRecord).decode
decode_answer = msgspec.json.Decoder(Answer).decode
decode_waiting_claim = msgspec.json.Decoder(WaitingClaim).decode
_encode = msgspec.json.Encoder().encode


def encode_claim(merchant: str, asked: Asked, at: Millis) -> tuple[bytes, bytes]:
    """Key and value of a claim's record."""
    key = f"{merchant}:{asked.transaction_id}"
    document = {
        "specversion": "1.0",
        "id": asked.id,
        "source": f"/v1/merchants/{merchant}/claims",
        "type": EVENT_TYPE,
        "subject": asked.transaction_id,
        "datacontenttype": "application/json",
        "partitionkey": key,
        "stamgastrecordedat": at,
        "data": asked,
    }
    return key.encode(), _encode(document)


def encode_answer(answer: Answer) -> bytes:
    """As `decode_answer` reads it."""
    return _encode(answer)


def decide(transaction: Transaction, asked: Asked, at: Millis) -> Decided:
    """What a claim, or a word on one, comes to at that recorded time."""
    return _verdict(transaction, asked, at) if asked.verdict else _claimed(transaction, asked, at)


def brought(transaction: Transaction, asked: Asked) -> Transaction | None:
    """The transaction as it is once `former` is one with `customer_id`; None where it was not theirs, or is not now."""
    former, customer = asked.former, asked.customer_id
    claim = transaction.claim
    claims_it = claim is not None and claim.customer == former
    pays_it = any(each.customer == former for each in transaction.payments.values())
    if not former or former == customer or not (transaction.customer == former or claims_it or pays_it):
        return None
    state = copy.copy(transaction)
    if transaction.customer == former:
        state.customer = customer
    if claims_it and claim is not None:
        state.claim = msgspec.structs.replace(claim, customer=customer)
    if pays_it:
        state.payments = {
            name: msgspec.structs.replace(each, customer=customer) if each.customer == former else each
            for name, each in transaction.payments.items()
        }
    others = [each for each in transaction.formerly if each not in {former, customer}]
    state.formerly = (*others, former)
    state.revision += 1
    return state


def _claimed(transaction: Transaction, asked: Asked, at: Millis) -> Decided:
    claim, left = transaction.claim, net(transaction)
    if left is None:
        return Decided(claim, ClaimOutcome.NO_RECEIPT)
    if claim is not None and claim.id == asked.id and not transaction.customer:
        return Decided(claim, ClaimOutcome.IN_REVIEW if claim.waits else ClaimOutcome.CLAIMED)
    if claim is not None or transaction.whose:
        return Decided(claim, ClaimOutcome.TAKEN)
    if not left.counts:
        return Decided(claim, ClaimOutcome.NOTHING_LEFT)
    if at - left.occurred_at > asked.within:
        return Decided(claim, ClaimOutcome.TOO_LATE)
    waits = bool(asked.over)
    made = Claim(asked.id, asked.customer_id, at, waits, tuple(asked.over), asked.operator_id)
    return Decided(made, ClaimOutcome.IN_REVIEW if waits else ClaimOutcome.CLAIMED)


def _verdict(transaction: Transaction, asked: Asked, at: Millis) -> Decided:
    claim = transaction.claim
    if claim is None or claim.id != asked.claim_id or not claim.waits:
        return Decided(claim, ClaimOutcome.NO_CLAIM)
    if asked.verdict == "refuse":
        return Decided(None, ClaimOutcome.REFUSED)
    if transaction.customer:
        return Decided(None, ClaimOutcome.TAKEN)
    return Decided(msgspec.structs.replace(claim, at=at, waits=False), ClaimOutcome.CLAIMED)


def line_of(transaction: Transaction) -> bytes | None:
    """Its line in the list of claims that wait; None where none does."""
    claim, left = transaction.claim, net(transaction)
    if claim is None or not claim.waits or left is None:
        return None
    return _encode(
        WaitingClaim(
            claim=claim.id,
            customer=claim.customer,
            since=claim.at,
            occurred_at=left.occurred_at,
            store=left.store,
            spend=left.spend,
            currency=left.currency,
            over=tuple(Limit(each) for each in claim.over),
            operator=claim.operator,
        )
    )
