"""An activation: one rule firing for one customer on one occasion, and what became of its message."""

import hashlib
import uuid
from typing import Any, Final

from msgspec import Struct

from stamgast.domain.units import Millis

NAMESPACE: Final = uuid.UUID("6b1e1f2a-6c0b-5c0e-9a55-57a4946a57e9")
_NAMESPACE_BYTES: Final = NAMESPACE.bytes

RANKS: Final = {
    "held": 0,
    "submitted": 1,
    "not_submitted": 2,
    "in_doubt": 3,
    "not_found": 3,
    "accepted": 10,
    "sending": 11,
    "sent": 12,
    "failed": 20,
    "undelivered": 20,
    "delivered": 30,
    "read": 40,
}
"""Order of statuses; a status only moves to a higher rank. `suppressed` and `expired` end an activation
that was never submitted and so have no rank of their own (see `FINAL_WITHOUT_SEND`). `not_found` is no status: it
says of an attempt in doubt that the carrier's own list does not know it, and the message may go once more."""

TAKEN: Final = frozenset({"accepted", "sending", "sent", "undelivered", "delivered", "read"})
"""Statuses that say that the carrier took the message."""
FINAL_WITHOUT_SEND: Final = frozenset({"suppressed", "expired"})
UNSENT_RANK: Final = 50
"""Rank of an outcome that ends an activation before any POST: nothing can come after it."""


def activation_id(merchant: str, rule: str, customer: str, occasion: str, generation: int = 0) -> str:
    """The same firing has the same id in every run: 32 hex digits of a UUID version 5.

    `generation` counts firings of one occasion that were taken back before anything was sent.
    """
    name = f"{merchant}\x1f{rule}\x1f{customer}\x1f{occasion}\x1f{generation}"
    # uuid.uuid5(NAMESPACE, name).hex, at a fifth of its price
    digest = bytearray(hashlib.sha1(_NAMESPACE_BYTES + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()


class Activation(Struct, array_like=True, gc=False):
    """As it stands in the customer's state. `state` is `held`, `submitted` or `ended`."""

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


class Note(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A line in the public life of an activation, as it stands on `activations.v1` (JSON).

    `kind` is `decided`, `claimed`, `closed` (an attempt that was certainly not submitted; with the reason `not_found`,
    one that the carrier does not know after the last look-up) or `outcome`.
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
