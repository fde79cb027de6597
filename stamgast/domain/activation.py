"""An activation: one rule firing for one customer on one occasion, and what became of its message."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from stamgast.domain.units import Millis, Minor
from stamgast.domain.vocabulary import ActivationState, Reason, Status, TimerKind

NAMESPACE: Final = uuid.UUID("6b1e1f2a-6c0b-5c0e-9a55-57a4946a57e9")
_BEGUN: Final = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""A hex digit with the two bits by which RFC 9562 tells its UUIDs."""

RANKS: Final[Mapping[str, int]] = {
    Status.HELD: 0,
    Status.SUBMITTED: 1,
    Status.NOT_SUBMITTED: 2,
    Status.IN_DOUBT: 3,
    Status.NOT_FOUND: 3,
    Status.ACCEPTED: 10,
    Status.SENDING: 11,
    Status.SENT: 12,
    Status.FAILED: 20,
    Status.UNDELIVERED: 20,
    Status.DELIVERED: 30,
    Status.READ: 40,
}
"""Order of statuses; a status only moves to a higher rank. `suppressed` and `expired` end an activation
that was never submitted and so have no rank of their own (see `FINAL_WITHOUT_SEND`). After `not_found` the message may
go once more."""

TAKEN: Final[frozenset[str]] = frozenset(
    {Status.ACCEPTED, Status.SENDING, Status.SENT, Status.UNDELIVERED, Status.DELIVERED, Status.READ}
)
"""Statuses that say that the carrier took the message."""
FINAL_WITHOUT_SEND: Final[frozenset[str]] = frozenset({Status.SUPPRESSED, Status.EXPIRED})
UNSENT_RANK: Final = 50
"""Rank of an outcome that ends an activation before any POST: nothing can come after it."""

_HELD: Final = ActivationState.HELD.value
_NOT_YET: Final = Reason.NOT_YET.value
_HELD_TIMER: Final = f"{TimerKind.HELD}:"


def activation_id(merchant: str, rule: str, customer: str, occasion: str, generation: int = 0) -> str:
    """The same firing has the same id in every run: 32 hex digits of a UUID version 5.

    `generation` counts firings of one occasion that were taken back before anything was sent.
    """
    name = f"{merchant}\x1f{rule}\x1f{customer}\x1f{occasion}\x1f{generation}"
    # uuid.uuid5(NAMESPACE, name).hex, at a tenth of its price
    hashed = _BEGUN.copy()
    hashed.update(name.encode())
    digits = hashed.hexdigest()
    return f"{digits[:12]}5{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:32]}"


def accepted_or_further(status: str) -> str:
    """What a carrier says of a message that it has: at the least that it was accepted."""
    return status if RANKS.get(status, 0) >= RANKS[Status.ACCEPTED] else Status.ACCEPTED


def held_timer(activation: str) -> str:
    """Name of the timer at which a held message is looked at again."""
    return _HELD_TIMER + activation


class Plan(Struct, array_like=True, gc=False):
    """Where an activation stands in a rule that does several things: its step, and what that counts from."""

    step: str
    """Key of the step (`rules.steps`)."""
    of: str
    """What the rule fired for."""
    since: Millis
    """When that was."""
    variant: str = ""
    """Which of several messages that are compared it is."""
    withheld: str = ""
    """Why its message does not go: nothing but what was earned is waited for."""
    cooled: bool = False
    """The rule's `cool_down` was asked about when it fired, for all of its steps."""


class Activation(Struct, array_like=True, gc=False):
    """As in the customer's state. `state` is an `ActivationState`, `status` a `Status`, `reason` a `Reason`."""

    id: str
    rule: str
    occasion: str
    state: str
    status: str
    rank: int
    decided_at: Millis
    changed_at: Millis
    template: str
    purpose: str
    channel: str
    priority: int = 0
    release_at: Millis = 0
    """When a held message is looked at again (0: when the one in flight has ended)."""
    expires_at: Millis = 0
    reason: str = ""
    generation: int = 0
    data: dict[str, Any] = {}
    """What the template may use: card, stamps, voucher code and name, ... No personal data."""
    other_channels: list[str] = []
    """Channels still to be tried if this one turns out not to reach the customer."""
    voucher: str = ""
    unproven: str = ""
    """The attempt that nobody could prove, once the message goes a second time."""
    offered: bool = False
    """Its voucher is an offer: if the message is withheld, it goes too."""
    value: Minor = 0
    """What its rule expects of it."""
    plan: Plan | None = None
    """None: it is all that its rule does, at once."""

    @property
    def variant(self) -> str:
        """Which of several messages that are compared it is; empty: it is not compared."""
        return "" if self.plan is None else self.plan.variant

    @property
    def waits_for_its_time(self) -> bool:
        """Whether the rule waits before it: nobody has been asked yet whether it may go."""
        return self.reason == _NOT_YET and self.state == _HELD


Rank = tuple[bool, int, Minor, str, str]
"""Which of two messages goes first: the lower one."""


def rank_of(activation: Activation) -> Rank:
    """About what was earned before anything else; then by priority, by expected value, by id."""
    return (
        not is_about_earned(activation),
        -activation.priority,
        -activation.value,
        activation.rule,
        activation.id,
    )


def is_about_earned(activation: Activation) -> bool:
    """Whether it tells of a reward that was paid for."""
    return activation.voucher != "" and not activation.offered


class Submission(Struct, array_like=True, frozen=True, gc=False):
    """An outbox entry: submit this now. Carries no personal data; name and phone are looked up at the send."""

    activation: str
    merchant: str
    customer: str
    rule: str
    template: str
    purpose: str
    channel: str
    language: str
    decided_at: Millis
    expires_at: Millis
    data: dict[str, Any]
    per_day: int = 0
    """The rule's limit of messages a day over all customers (0: none), taken when it is submitted."""
    bundle: str = ""
    """Hash of the bundle whose template it uses."""
    staff: str = ""
    """Whom of the staff it goes to; empty: to the customer."""


class Note(Struct, frozen=True, omit_defaults=True, gc=False):
    """A line in the public life of an activation, as it stands on `activations.v1` (JSON).

    `kind` is `decided`, `claimed`, `closed` (an attempt that was certainly not submitted; with the reason `not_found`,
    one that the carrier does not know after the last look-up), `outcome` or `priced` (the carrier said what it cost).

    A line may stand there again. When Redis or a worker has lost its last seconds, the events since then are applied
    once more, and their lines of the kinds `decided` and `outcome` are written again, behind whatever stands there by
    now: a `decided` behind the `outcome` of the same activation, for one. Such a line is an earlier one byte for byte,
    so whoever remembers what it read of an activation passes over it. A line that differs in anything is news, also
    another `decided` (a message that goes once more has a later `at`). `claimed` and `closed` are written once.
    """

    kind: str
    activation: str
    merchant: str
    customer: str
    at: Millis
    rule: str = ""
    occasion: str = ""
    status: str = ""
    reason: str = ""
    channel: str = ""
    template: str = ""
    attempt: str = ""
    code: str = ""
    provider_id: str = ""
    parts: int = 0
    step: str = ""
    """Which of several things that its rule does; empty for the first."""
    variant: str = ""
    """Which of several messages that are compared."""
    cost: int | None = None
    """Of the outcome that says that the carrier took it, what was booked for it, in thousandths of a minor
    unit of the merchant's; of `priced`, what it cost after all. None in lines from before it was told."""
    staff: str = ""
    """Whom of the staff it goes to, by the name in program.yaml; empty: to the customer."""
    paid_by: tuple[str, ...] = ()
    """Beside a `cost`, the budgets that paid it, each with the time it is for."""
    counted_by: tuple[str, ...] = ()
    """Those that it was counted against, and that hold nothing back."""
