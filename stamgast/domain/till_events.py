"""What a till asks for a customer: to redeem a voucher, to put stamps on a card by hand, and to take both back."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from stamgast.domain.event import Event, Millis, Minor

Name = Annotated[str, Meta(max_length=64)]

TILL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"

TillName = Annotated[str, Meta(pattern=rf"{TILL_NAME}|^$")]
"""How a till or who stands there is called: an id, no name of a person, and nothing that parts a counter's words."""

MOST_BY_HAND = 50
"""Stamps in one request: no card is that large, and a barcode in the field is larger."""


class HandReason(StrEnum):
    """Why a till gives stamps that no sale brings."""

    FORGOTTEN = "forgotten"
    """The customer could not show the card at the sale."""
    TILL_DOWN = "till_down"
    """The sale was rung up elsewhere."""
    OLD_CARD = "old_card"
    """Stamps of a card of paper are taken over."""
    GOODWILL = "goodwill"
    """Something went wrong, or somebody was kind."""
    OTHER = "other"


class VoucherRedeemed(Event, frozen=True, kw_only=True, tag="voucher_redeemed", gc=False):
    """A till asks to redeem a voucher. The answer is written under the event's `id`."""

    code: str
    store: str | None = None
    warned: tuple[tuple[str, str], ...] = ()
    """As of `Enrolled`."""
    till: TillName = ""
    operator_id: TillName = ""
    """Who stood at the till, by an id: no name of a person."""
    receipt: str = ""
    """The transaction that it is used on, where the till says it."""
    total: Minor = 0
    """What the receipt comes to before it; 0: nobody said."""


class RedemptionTakenBack(Event, frozen=True, kw_only=True, tag="redemption_taken_back", gc=False):
    """A till takes a request to redeem (its id is `redemption`) back; the answer is written under this event's `id`.

    If the request was applied the voucher opens again; if it is still to come it will redeem nothing.
    """

    code: str
    redemption: str


class VoidReason(StrEnum):
    """Why a person ends a voucher, or gives it another code."""

    LOST = "lost"
    """The customer cannot get at the code any more."""
    SEEN = "seen"
    """Somebody else has seen the code, or may have."""
    MISTAKE = "mistake"
    """It should not have been given."""
    FRAUD = "fraud"
    OTHER = "other"


class VoucherVoided(Event, frozen=True, kw_only=True, tag="voucher_voided", gc=False):
    """A person ends a voucher, or gives it another code. The answer is written under the event's `id`."""

    code: str
    reason: VoidReason
    reissue: bool = False
    """It goes on under another code; else nobody can use it any more."""


class StampsHanded(Event, frozen=True, kw_only=True, tag="stamps_handed", gc=False):
    """A till gives stamps by hand. The answer is written under the event's `id`."""

    card: Name
    stamps: Annotated[int, Meta(ge=1, le=MOST_BY_HAND)]
    reason: HandReason
    happened_at: Millis
    """By the till, which may have been offline."""
    store: str | None = None
    till: TillName = ""
    operator_id: TillName = ""
    """Who stood at the till, by an id: no name of a person."""


class StampsHandedBack(Event, frozen=True, kw_only=True, tag="stamps_handed_back", gc=False):
    """A till takes a request to give stamps (its id is `handing`) back; answered under this event's `id`.

    One that is still to come will give nothing.
    """

    handing: Annotated[str, Meta(max_length=64)]
    till: TillName = ""
    operator_id: TillName = ""
    """As of what is taken back: whose count it leaves."""
