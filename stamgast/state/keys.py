"""The names of a partition's keys. All of them carry its tag in braces, so that they share one slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zlib import crc32

_VIEW_SHARDS: Final = 16
IDLE: Final = 2**53
"""Score, among the timers of a partition, of a customer who has none: as it was before there was a roll."""
"""How far a Redis Cluster can spread a view; another number starts the view anew."""
WORKERS: Final = "workers"
"""Hash: a worker's id -> when it spoke last, and what it said (`stamgast.state.workers`)."""


@dataclass(frozen=True, slots=True)
class PartitionKeys:
    """The keys of one partition: `tag` is `c17` for customers, `t17` for transactions."""

    tag: str

    @property
    def number(self) -> int:
        """Which partition it is."""
        return int(self.tag[1:])

    def _named(self, rest: str) -> str:
        return f"{{{self.tag}}}:{rest}"

    @property
    def meta(self) -> str:
        """Hash: what its owner must know of it, and who that is: `state.partition_meta` has every field."""
        return self._named("meta")

    @property
    def none(self) -> str:
        """Nothing stands here, ever. Redis runs no script on it while the slot is on its way to another node.

        A script may write keys that it does not declare; were some of them gone already, it would end half-way.
        """
        return self._named("none")

    @property
    def outbox(self) -> str:
        """Hash: activation -> submission."""
        return self._named("outbox")

    @property
    def lanes(self) -> str:
        """Set: `merchant:channel` in which something may wait."""
        return self._named("lanes")

    def lane(self, merchant: str, channel: str) -> str:
        """Name what waits for a sender (sorted set): activation -> its place among those to submit."""
        return f"{{{self.tag}}}:queue:{merchant}:{channel}"

    @property
    def queue(self) -> str:
        """Sorted set: activation -> its place, over all lanes: as it was once. A taking moves what stands here."""
        return self._named("queue")

    @property
    def sending(self) -> str:
        """Hash: activation -> how far its submission is: see `state.outbox`."""
        return self._named("sending")

    @property
    def attempts(self) -> str:
        """Hash: activation -> the attempt that stands open for it in the log of activations."""
        return self._named("attempts")

    @property
    def doubt(self) -> str:
        """Hash: activation -> what has to be looked up at the carrier."""
        return self._named("doubt")

    @property
    def looks(self) -> str:
        """Sorted set: activation in doubt -> when it is looked up next, by Redis's clock."""
        return self._named("looks")

    def begun(self, merchant: str, customer: str) -> str:
        """Name the set of a customer's activations whose submission has begun and is not finished."""
        return f"{{{self.tag}}}:begun:{merchant}:{customer}"

    def doubts(self, merchant: str, customer: str) -> str:
        """Name the set of a customer's activations that are to be looked up."""
        return f"{{{self.tag}}}:doubts:{merchant}:{customer}"

    @property
    def timers(self) -> str:
        """Sorted set: merchant:customer -> when its earliest timer is due."""
        return self._named("timers")

    def referral(self, merchant: str, code: str) -> str:
        """Name whose a code is by which friends join."""
        return f"{{{self.tag}}}:referral:{merchant}:{code}"

    def roll(self, merchant: str) -> str:
        """Name the list of a merchant's customers (`state.roll`)."""
        return f"{{{self.tag}}}:roll:{merchant}"

    @property
    def notes(self) -> str:
        """Stream: what is still to be written to the log of activations."""
        return self._named("notes")

    @property
    def stats(self) -> str:
        """Hash: counter -> value, the read model."""
        return self._named("stats")

    @property
    def rule_months(self) -> str:
        """Hash: counter of a rule's month -> value (`stamgast.domain.rule_months`): one page alone reads these."""
        return self._named("rulemonths")

    @property
    def review(self) -> str:
        """Hash: merchant:customer:transaction -> a purchase that waits for a person (`stamgast.domain.review`)."""
        return self._named("review")

    @property
    def claims(self) -> str:
        """Hash: merchant:transaction -> a claim that waits for a person (`stamgast.domain.claims.WaitingClaim`)."""
        return self._named("claims")

    @property
    def walks(self) -> str:
        """Hash: merchant:rule@moment -> how far a walk over its customers is by now, for whoever looks on."""
        return self._named("walks")

    @property
    def told(self) -> str:
        """Hash: merchant:budget -> what was logged of it last, so that the next owner does not say it again."""
        return self._named("told")

    @property
    def asks(self) -> str:
        """Hash: merchant:customer:activation -> money that it waits for (`stamgast.domain.purses.Ask`)."""
        return self._named("asks")

    @property
    def wants(self) -> str:
        """Hash: merchant:customer:voucher -> it waits for a code of the shop's own (`stamgast.domain.shop_codes`)."""
        return self._named("wants")

    def pool(self, merchant: str, reward: str) -> str:
        """Name the list of a reward's codes of the shop's own, in the order in which they are dealt."""
        return f"{{{self.tag}}}:pool:{merchant}:{reward}"

    @property
    def entries(self) -> str:
        """Hash: merchant:draw:customer -> what is drawn from, or a prize that goes on (`stamgast.service.draws`)."""
        return self._named("entries")

    def customer(self, merchant: str, customer: str) -> str:
        """Name a customer's state."""
        return f"{{{self.tag}}}:c:{merchant}:{customer}"

    def ledger(self, merchant: str, customer: str) -> str:
        """Name a customer's ledger (hash)."""
        return f"{{{self.tag}}}:l:{merchant}:{customer}"

    @property
    def limits(self) -> str:
        """Set: `merchant:rule:day` of which this partition took a share."""
        return self._named("limits")

    def limit_share(self, name: str) -> str:
        """Name the set of this partition's activations that count against a rule's limit on a day."""
        return f"{{{self.tag}}}:limits:{name}"

    def answer(self, merchant: str, event: str) -> str:
        """Name the answer to an HTTP client's event."""
        return f"{{{self.tag}}}:r:{merchant}:{event}"

    def voucher(self, merchant: str, code: str) -> str:
        """Name whom a voucher's code belongs to: the value is the customer's id."""
        return f"{{{self.tag}}}:v:{merchant}:{code}"

    def bound(self, merchant: str, customer: str) -> str:
        """Name the set of the carrier's ids that are known to be messages of certain activations."""
        return f"{{{self.tag}}}:bound:{merchant}:{customer}"

    def parked(self, merchant: str) -> str:
        """Name the list of events that wait for a merchant's bundle, or behind such (`streams.customers.parking`)."""
        return f"{{{self.tag}}}:parked:{merchant}"

    def stop(self, merchant: str, phone_hash: str) -> str:
        """Name the mark that stops every message to a phone."""
        return f"{{{self.tag}}}:stop:{merchant}:{phone_hash}"

    def transaction(self, merchant: str, transaction: str) -> str:
        """Name a transaction's net state."""
        return f"{{{self.tag}}}:t:{merchant}:{transaction}"

    @property
    def recent(self) -> str:
        """List: transactions that have a key of their own, in the order in which they got it (`intake`)."""
        return self._named("recent")

    def box(self, number: int) -> str:
        """Name one of the boxes in which old transactions stand (`state.boxes`)."""
        return f"{{{self.tag}}}:box:{number}"


@dataclass(frozen=True, slots=True)
class ViewShard:
    """The keys of one part of a view (`state.views`)."""

    tag: str

    @property
    def meta(self) -> str:
        """Hash: view, sum, `at:<topic>:<partition>`, `id:<topic>`."""
        return f"{{{self.tag}}}:meta"

    def entry(self, name: str) -> str:
        """Name an entry."""
        return f"{{{self.tag}}}:{name}"


@lru_cache
def view_shards(name: str) -> tuple[ViewShard, ...]:
    """Return the parts of a view."""
    return tuple(ViewShard(f"{name}{number}") for number in range(_VIEW_SHARDS))


def shard_of(shards: Sequence[ViewShard], entry: str) -> ViewShard:
    """Return the part that an entry belongs to."""
    return shards[crc32(entry.encode()) % len(shards)]


@lru_cache(maxsize=4096)
def customers(partition: int) -> PartitionKeys:
    """Return the keys of a partition of customers."""
    return PartitionKeys(f"c{partition}")


@lru_cache(maxsize=4096)
def transactions(partition: int) -> PartitionKeys:
    """Return the keys of a partition of transactions."""
    return PartitionKeys(f"t{partition}")


def delivered(merchant: str, connection: str, delivery: str) -> str:
    """Name what remembers that a delivery of a system of tills was taken: a cache, so that repeats cost little."""
    return f"pos:delivered:{merchant}:{connection}:{delivery}"


def known_request(merchant: str, key: str) -> str:
    """Name what remembers which request came with an Idempotency-Key (its digest)."""
    return f"web:key:{merchant}:{key}"


def undoable(merchant: str, request: str) -> str:
    """Name what remembers which till did something, and when (the id of its request)."""
    return f"web:undo:{merchant}:{request}"


def renewal(merchant: str, connection: str) -> str:
    """Name what lets one process alone renew a connection's credential."""
    return f"pos:renewal:{merchant}:{connection}"


def feed(merchant: str, store: str) -> str:
    """Name what is usual for a store's feed (`stamgast.domain.feed_health`); `connections.v1` has it once an hour."""
    return f"pos:feed:{merchant}:{store}"


def unmapped(merchant: str, connection: str) -> str:
    """Name what a connection told of places that are no store of the programme (`stamgast.tills.unmapped`)."""
    return f"pos:unmapped:{merchant}:{connection}"


def payments_by_time(merchant: str, kind: str) -> str:
    """Name the sales, or the payments without one, of the last days, by when they were (`stamgast.tills.payments`)."""
    return f"pos:{kind}:{merchant}"


def payments_by_name(merchant: str, kind: str, name: str) -> str:
    """Name the same by a reference (its digest)."""
    return f"pos:{kind}:{merchant}:{name}"


def payment_found(merchant: str, payment: str) -> str:
    """Name what remembers which transaction a payment (its digest) belongs to."""
    return f"pos:found:{merchant}:{payment}"


def sale_paid(merchant: str, transaction: str) -> str:
    """Name what remembers which payment a sale (its digest) was found for."""
    return f"pos:paidby:{merchant}:{transaction}"
