"""When something counts as recorded: as its stamp says, but never after the log itself had it.

Whoever appends a record stamps it by a clock of its own, and the log's time of it (Kafka's `LogAppendTime`) cannot be
before that. A stamp that lies further ahead than clocks differ was given by a clock that is wrong. Held to the log's
time it does no harm, and whoever reads the log again finds the same.
"""

from typing import Any

import msgspec

from stamgast.domain.events import AnyEvent, Purchase, PurchaseChanged
from stamgast.domain.purchase_record import CLOCK_TOLERANCE
from stamgast.domain.units import Millis


def is_ahead(stamp: Millis, appended_at: Millis) -> bool:
    """Say whether a stamp cannot be right. `appended_at` is the log's time of the record; 0: not known."""
    return 0 < appended_at < stamp - CLOCK_TOLERANCE


def bounded(stamp: Millis, appended_at: Millis) -> Millis:
    """Return the stamp if it can be right, else the log's time."""
    return appended_at if is_ahead(stamp, appended_at) else stamp


def bounded_event(event: AnyEvent, appended_at: Millis) -> AnyEvent:
    """Return the event with no time after the log's own, if its stamp cannot be right."""
    if not is_ahead(event.at, appended_at):
        return event
    changed: dict[str, Any] = {"at": appended_at}
    if isinstance(event, PurchaseChanged):
        # A sale whose date could not be right was given its recorded time, which was the wrong clock's.
        changed["before"] = _bounded_purchase(event.before, appended_at)
        changed["after"] = _bounded_purchase(event.after, appended_at)
        if event.happened_at is not None:
            changed["happened_at"] = min(event.happened_at, appended_at)
    return msgspec.structs.replace(event, **changed)


def _bounded_purchase(purchase: Purchase | None, appended_at: Millis) -> Purchase | None:
    if purchase is None or purchase.occurred_at <= appended_at:
        return purchase
    return msgspec.structs.replace(purchase, occurred_at=appended_at, day=None)
