"""Objects of a system of tills -> purchases that Kafka has: read again where they have to be, then accepted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.joining import LastHeard
from stamgast.logs import get_logger
from stamgast.pos.adapter import Adapter, Api, ApiError, Context, Found, GoneError
from stamgast.pos.doubt import Doubt
from stamgast.pos.plain_sale import changed
from stamgast.pos.problems import Problem, RefusedError
from stamgast.pos.reading import Item, Received, Refused
from stamgast.pos.roles import Role
from stamgast.pos.webhook import guarded, items_of
from stamgast.purchases.accept import (
    Accepted,
    Append,
    Known,
    People,
    ReceiptTooLargeError,
    Taken,
    some_taken,
    take_in_together,
)
from stamgast.purchases.gathering import Gathering
from stamgast.tills.found_payments import found_to_sales, with_payments
from stamgast.tills.payments import Payments

log = get_logger(__name__)

_LARGE: Final = 20
"""Objects that are read at once; more are read in a thread, so that others need not wait."""
_PHONE: Final = "/customer/phone"


class Door(Struct, frozen=True):
    """What takes purchases in."""

    people: People
    known: Known | None
    """What was known before is asked of it; None where nobody hears what does not go with that (workers tell it)."""
    append: Append
    topic: str
    last_heard: LastHeard
    gathering: Gathering | None = None
    """Where many requests come at once."""
    payments: Payments | None = None
    """What finds payments to their sales; None: nobody does here."""

    async def take_together(
        self, groups: Sequence[Sequence[Item]], program: Program, at: Millis, *, large: bool = False
    ) -> list[Accepted]:
        """Take several groups in at once, as `stamgast.purchases.accept.take_in_together` does."""
        return await take_in_together(
            self.people,
            self.known,
            self.append,
            self.topic,
            groups,
            program=program,
            at=at,
            last_heard=self.last_heard,
            large=large,
        )


CAME_BEFORE: Final = Accepted([], [], [])
"""What becomes of a delivery that was taken before."""


class OnceDoor(Struct, frozen=True):
    """The same for deliveries that may come again: those that were taken before are told, all of them at once."""

    door: Door
    which: Callable[[Sequence[str]], Awaitable[list[bool]]]
    """Says which deliveries are remembered."""

    async def take_together(self, groups: Sequence[Sequence[Item]], program: Program, at: Millis) -> list[Accepted]:
        """As `Door`, of groups of one purchase each; `CAME_BEFORE` of one whose delivery is known."""
        names = [each.delivery if isinstance(each, Received) else "" for (each,) in groups]
        known = await self.which(names)
        fresh = [group for group, before in zip(groups, known, strict=True) if not before]
        taken = iter(await self.door.take_together(fresh, program, at) if fresh else ())
        return [CAME_BEFORE if before else next(taken) for before in known]


class Came(Struct, frozen=True):
    """What became of the objects of a delivery or of a page."""

    taken: Sequence[Taken] = ()
    doubts: Sequence[Doubt] = ()
    paid: int = 0
    """Payments that were found to their sales by it."""
    refused: Sequence[Problem] = ()
    """What could not be taken, and why; empty: everything that means a purchase was."""

    @property
    def reason(self) -> str:
        """What was refused, in a line."""
        return "; ".join(f"{each['pointer'] or '/'}: {each['detail']}" for each in self.refused)


async def reread_all(adapter: Adapter, found: Sequence[Found], api: Api | None) -> tuple[list[Found], list[Problem]]:
    """The objects whole, and what is to be said of those that cannot be had. Raises `ApiError`."""
    whole, problems = [], []
    for each in found:
        try:
            whole.append(await reread(adapter, each, api))
        except RefusedError as refused:
            problems += refused.problems
    return whole, problems


async def take(
    door: Door,
    adapter: Adapter,
    whole: Sequence[Found],
    context: Context,
    at: Millis,
    *,
    refused: Sequence[Problem] = (),
) -> Came:
    """Take in what these objects mean, recorded `at`; `refused` is what was to be said before.

    Raises:
        NotLoadedError, StateError, NotAppendedError: not now; the same again later.
    """
    problems = [*refused]
    large = len(whole) > _LARGE
    items = await asyncio.to_thread(items_of, adapter, whole, context) if large else items_of(adapter, whole, context)
    problems += [problem for each in items if isinstance(each, Refused) for problem in each.problems]
    good: list[Item] = [each for each in items if isinstance(each, Received)]
    if not good:
        return Came(refused=problems)
    if context.connection.role is Role.PAYMENT:
        return Came(refused=problems, paid=await found_to_sales(door, good, context, at))
    try:
        accepted = await _accept(door, good, context, at, large=large)
    except (RefusedError, ReceiptTooLargeError) as error:
        told = error.problems if isinstance(error, RefusedError) else [{"pointer": "", "detail": str(error)}]
        return Came(refused=[*problems, *told])
    problems += [problem for each in accepted.outcomes if isinstance(each, Refused) for problem in each.problems]
    paid = await with_payments(door, accepted.taken, context.program, at)
    return Came(accepted.taken, accepted.doubts, paid, problems)


async def reread(adapter: Adapter, found: Found, api: Api | None) -> Found:
    """The object whole, as far as it can be had.

    Raises:
        RefusedError: it is not there any more, or nobody gave us what its API asks for.
        ApiError: its API could not be asked.
    """
    if found.content is not None and not found.partial:
        return found
    if api is None:
        if found.content is not None:
            return found
        detail = f"{found.kind} {found.id} has to be read again by the API, and the connection has no credential for it"
        raise RefusedError([{"pointer": "", "detail": detail}])
    try:
        with guarded(adapter):
            whole = await adapter.reread(found, api)
    except GoneError as error:
        raise RefusedError([{"pointer": "", "detail": f"{found.kind} {found.id}: {error}"}]) from None
    except ApiError:
        if found.content is not None:
            log.warning("taken without the whole", system=adapter.name, kind=found.kind)
            return found
        raise
    if whole.content is None:
        raise RefusedError([{"pointer": "", "detail": f"{found.kind} {found.id}: the API answers with nothing"}])
    return whole


async def _accept(door: Door, items: Sequence[Item], context: Context, at: Millis, *, large: bool) -> Accepted:
    """Accept them; a customer who cannot be named by what a till says costs nobody the sale."""
    try:
        accepted = await accept_at(door, items, context.program, at, large=large)
        failed = [each for each in accepted.outcomes if isinstance(each, Refused)]
    except RefusedError as error:
        accepted, failed = Accepted([], [], []), [Refused(error.problems)]
    if not failed:
        return accepted
    places = {problem["pointer"].removesuffix(_PHONE) for each in failed for problem in each.problems}
    unnamed = [_without_customer(each) for each in items if isinstance(each, Received) and _named_badly(each, places)]
    if unnamed:
        again = await accept_at(door, unnamed, context.program, at, large=large)
        kept = [each for each in accepted.outcomes if isinstance(each, Taken) or not _is_of_phone(each)]
        log.warning("sales taken without their customer", merchant=context.program.merchant, sales=len(unnamed))
        return Accepted([*kept, *again.outcomes], [*accepted.doubts, *again.doubts], [*accepted.beside, *again.beside])
    if not accepted.outcomes:
        raise RefusedError([problem for each in failed for problem in each.problems])
    return accepted


async def accept_at(door: Door, items: Sequence[Item], program: Program, at: Millis, *, large: bool) -> Accepted:
    """Take them in, but refuse what nothing can be taken of; where doors gather, with what others bring meanwhile.

    Raises: as `stamgast.purchases.accept.accept`.
    """
    if door.gathering is None or large:
        [accepted] = await door.take_together([items], program, at, large=large)
    else:
        accepted = await door.gathering.accept(items, program, at, door.take_together)
    return some_taken(accepted)


def _named_badly(item: Received, places: set[str]) -> bool:
    return item.place in places and getattr(item.purchase, "customer", None) is not None


def _is_of_phone(refused: Refused) -> bool:
    return all(problem["pointer"].endswith(_PHONE) for problem in refused.problems)


def _without_customer(item: Received) -> Received:
    return replace(item, purchase=changed(item.purchase, customer=None))
