"""What the handlers work with; `stamgast.bootstrap` wires it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Protocol, cast

from starlette.requests import Request

from channels.model import Inbound, StatusEvent, WebhookRequest
from stamgast.api_keys.table import ApiKeyTable
from stamgast.audit.book import Audit
from stamgast.clock.shop_time import Clock
from stamgast.clock.watch import ClockWatch
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.filling import Filling
from stamgast.log.appender import Appender, NotAppendedError
from stamgast.log.pulse import Pulse
from stamgast.log.topics import Topics
from stamgast.marketer.backtests import Backtests
from stamgast.marketer.health_reading import HealthReading
from stamgast.marketer.inbox_reading import InboxReading
from stamgast.marketer.reading import Reading
from stamgast.people.enrolment import Enrolling
from stamgast.people.last_heard import last_heard_over
from stamgast.people.newcomers_together import NewcomersTogether
from stamgast.people.opt_out import Stops
from stamgast.people.referral import Inviting
from stamgast.purchases.gathering import Gathering
from stamgast.report.links import ReportLinks
from stamgast.state.client import RedisClient
from stamgast.state.fitness import Fitness
from stamgast.state.identities import IdentityStore
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.together import AskedTogether
from stamgast.state.transactions import KnownTransactions
from stamgast.tills.intake import Door, OnceDoor
from stamgast.tills.tills import Tills
from stamgast.users.record import seen
from stamgast.users.roster import Roster
from stamgast.wallet.wallets import NO_WALLETS, Wallets
from stamgast.web.limits import Limits, TokenBuckets
from stamgast.web.metrics import WebMetrics


class Merchants(Protocol):
    """Which programme of which merchant is in force (`stamgast.programs.in_force`)."""

    loaded: bool

    async def get(self, merchant: str) -> Program | None:
        """A merchant's programme, if one was published."""
        ...

    def at_hand(self, merchant: str) -> Program | None:
        """The same without waiting; None too where it would take some."""
        ...

    async def bundle(self, merchant: str) -> bytes | None:
        """The bundle that it stands in, packed."""
        ...

    async def all(self) -> list[Program]:
        """Every programme in force."""
        ...


class Carrier(Protocol):
    """Verifies and reads what the carrier calls us with."""

    def parse_status(self, request: WebhookRequest) -> StatusEvent:
        """Read a status callback."""
        ...

    def parse_inbound(self, request: WebhookRequest) -> Inbound:
        """Read a person's message."""
        ...


@dataclass
class Deps:
    """See the module. `monotonic` is for machine waits and rates; `clock` is the shop's time."""

    topics: Topics
    appender: Appender
    identities: IdentityStore
    api_keys: ApiKeyTable
    merchants: Merchants
    redis: RedisClient
    clock: Clock
    carrier: Carrier
    pulse: Pulse
    fitness: Fitness
    filling: Filling
    roster: Roster
    """Who may sign in, and which tills are paired."""
    audit: Audit
    reading: Reading
    """What pages show of merchants."""
    health: HealthReading
    """What pages show of the engine."""
    inbox: InboxReading
    """What pages show of what customers sent."""
    report_links: ReportLinks
    backtests: Backtests | None = None
    """What pages play of a shop's past; None where there are no settings to read it with."""
    wallets: Wallets = NO_WALLETS
    """Into which cards can be put."""
    clock_watch: ClockWatch | None = None
    tills: Tills | None = None
    kafka: str = ""
    """Where logs are read from their beginning."""
    public_url: str = ""
    """Under which systems of tills were given their addresses, and to which passkeys belong."""
    limits: Limits = field(default_factory=Limits)
    metrics: WebMetrics = field(default_factory=WebMetrics)
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.merging = asyncio.Lock()  # a merger reads a partition from its beginning: one at a time
        limits = self.limits
        self.known_transactions = KnownTransactions(
            self.redis, partial(self.appender.partition_of, self.topics.purchases)
        )
        self.known_deliveries = AskedTogether(self.redis)
        self.gathering = Gathering()
        self.last_heard = last_heard_over(self.filling, self.topics.partitions)
        self.enrolling = Enrolling(self.identities, self.appender.append, self.topics, self.redis, self.last_heard)
        self.newcomers = NewcomersTogether(self.identities.newcomers)
        self.inviting = Inviting(self.filling, self.identities.profile, self.topics.partitions)
        self.stops = Stops(self.identities, self.appender, self.topics, self.redis, clock=self.clock)
        self.by_key = TokenBuckets(limits.per_key, limits.per_key_burst, monotonic=self.monotonic)
        self.refusals = TokenBuckets(limits.refusals, limits.refusals_burst, monotonic=self.monotonic)
        self.by_visitor = TokenBuckets(limits.per_visitor, limits.per_visitor_burst, monotonic=self.monotonic)
        self.sign_ins = TokenBuckets(limits.sign_ins, limits.sign_ins_burst, monotonic=self.monotonic)
        self.wrong_codes = TokenBuckets(limits.wrong_codes, limits.wrong_codes_burst, monotonic=self.monotonic)
        self.wrong_codes_of_merchants = TokenBuckets(
            limits.wrong_codes_of_merchant, limits.wrong_codes_of_merchant_burst, monotonic=self.monotonic
        )
        self.joins_of_codes = TokenBuckets(limits.joins_of_code, limits.joins_of_code_burst, monotonic=self.monotonic)
        self._touching: set[asyncio.Task[None]] = set()

    @cached_property
    def door(self) -> Door:
        """What takes purchases in whose sender hears all that looks wrong about them."""
        return self._door_with(self.known_transactions)

    @cached_property
    def tills_door(self) -> Door:
        """The same for systems of tills, which hear only that they were taken."""
        return self._door_with(None)

    @cached_property
    def once_door(self) -> OnceDoor:
        """The same for their deliveries, each of which is taken once."""
        return OnceDoor(self.tills_door, self.known_deliveries.which)

    def _door_with(self, known: KnownTransactions | None) -> Door:
        payments = None if self.tills is None else self.tills.payments
        append, topic = self.appender.append, self.topics.purchases
        return Door(self.identities, known, append, topic, self.last_heard, self.gathering, payments)

    def touch(self, record_id: str, at: Millis) -> None:
        """Note that a session or a till is used; nobody waits for it, and a note that Kafka did not take is no loss."""
        self.roster.table.note(*seen(record_id, at))  # at once: the next request is not to note it again

        async def noted() -> None:
            with suppress(NotAppendedError):
                await self.roster.touch(record_id, at)

        task = asyncio.create_task(noted())
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    def partition_of(self, key: bytes) -> int:
        """The partition of a customer's records."""
        return self.appender.partition_of(self.topics.customer_events, key)

    def slot_of(self, key: bytes) -> PartitionKeys:
        """Names of the Redis keys of a customer's partition."""
        return customers(self.partition_of(key))


def deps_of(request: Request) -> Deps:
    """The dependencies of the app that serves this request."""
    state: Any = request.app.state
    return cast("Deps", state.deps)
