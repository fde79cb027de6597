"""Forgetting a person: what is known of them goes, figures stay under an id that nobody can trace any more.

The order makes it safe to be cut short anywhere and asked for again: first the customer's stream is told, so that
messages stop; then the data key goes, and with it whatever was sealed under it, in every copy of every log; the
identifiers go last, so that the person can be found until all is done.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from stamgast.domain.customer import Customer
from stamgast.domain.events import Erased, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.log.topics import Topics
from stamgast.state.identities import IdentityStore

_ROUNDS: Final = 3
"""Purchases that come in meanwhile may give the customer one more identifier."""

Append = Callable[[str, Sequence[tuple[bytes, bytes]]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was forgotten of a customer; `known` is false if there was nothing (any more)."""

    customer: str
    identifiers: int
    known: bool
    has_state: bool = True
    """Whether anything ever happened to them; asked only where nobody is known."""


async def erase_person(
    identities: IdentityStore,
    append: Append,
    topics: Topics,
    person: tuple[str, str],
    *,
    state: Callable[[], Awaitable[Customer | None]],
    at: Millis,
) -> Erasure:
    """Forget the person behind a customer (merchant, id); returns once Kafka has all of it.

    Their state is asked for only where nobody is known by that id (any more). Raises whatever that raises, and

        NotLoadedError: the view of identities is not complete; ask again.
        NotAppendedError: Kafka did not acknowledge; ask again.
    """
    merchant, customer = person
    hashes = await identities.known_as(merchant, customer)
    known = bool(hashes) or await identities.has_key(merchant, customer)
    found = None if known else await state()
    if known or (found is not None and not found.erased_at):
        event = Erased(merchant=merchant, customer=customer, at=at)
        await append(topics.customer_events, [(key_of(merchant, customer), encode_event(event))])
    count = 0
    for _ in range(_ROUNDS):
        count += await identities.erase(merchant, customer, hashes, at)
        hashes = await identities.known_as(merchant, customer)
        if not hashes:
            break
    return Erasure(customer, count, known, has_state=known or found is not None)
