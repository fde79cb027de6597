"""Figures of the web process for Prometheus. Routes are labelled by pattern, never by what stands in a path."""

from collections.abc import Sequence
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from stamgast.filling import Reach
from stamgast.log.unsigned_figures import UnsignedFigures
from stamgast.pos.warnings import Doubts
from stamgast.state.condition import RedisFigures

_MOST_LABELS = 4_096
"""`labels` makes texts and takes a lock each time: those of what comes in numbers are kept."""
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class WebMetrics:
    """A registry of its own, so that several apps may live in one process (tests)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "stamgast_web_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "stamgast_web_request_seconds", "Time to answer", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.requests_of = lru_cache(maxsize=_MOST_LABELS)(self.requests.labels)
        self.seconds_of = lru_cache(maxsize=_MOST_LABELS)(self.seconds.labels)
        self.purchases = Counter(
            "stamgast_web_purchases",
            "Purchases and refunds that Kafka acknowledged",
            ["merchant"],
            registry=self.registry,
        )
        self.purchases_of = lru_cache(maxsize=_MOST_LABELS)(self.purchases.labels)
        self.refused_purchases = Counter(
            "stamgast_web_purchases_refused",
            "Purchases and refunds that were refused; others of their request may have been taken",
            ["merchant"],
            registry=self.registry,
        )
        self.refused_of = lru_cache(maxsize=_MOST_LABELS)(self.refused_purchases.labels)
        self.doubts = Doubts(self.registry)
        self.redis = RedisFigures(self.registry)
        self.unsigned = UnsignedFigures(self.registry)
        self.webhooks = Counter(
            "stamgast_web_webhooks", "Callbacks and replies that the carrier posted", ["kind"], registry=self.registry
        )
        self.deliveries = Counter(
            "stamgast_web_pos_deliveries",
            "Webhooks of systems of tills: `taken`, `nothing` (no purchase), `repeated`, `ping`, `laid_aside` (a dead "
            "letter), `unread` (its API did not answer: asked to come again), `forged`",
            ["merchant", "system", "outcome"],
            registry=self.registry,
        )
        self.deliveries_of = lru_cache(maxsize=_MOST_LABELS)(self.deliveries.labels)
        self.claims = Counter(
            "stamgast_web_claims",
            "Receipts' tokens made (`token`), and claims by what they were answered: `claimed`, `in_review` (waits for "
            "a person), `pending` (no answer yet), `refused`, `taken`, `too_late`, `no_receipt`, `nothing_left`",
            ["merchant", "outcome"],
            registry=self.registry,
        )
        self.door_answers = Counter(
            "stamgast_web_door_answers",
            "What the door answered by itself, in the answer to a webhook: a STOP confirmed (`stopped`), how to join "
            "(`unknown_phone`, `unknown_code`), a JOIN to be confirmed (`confirm`), `still_stopped`. Twilio bills each",
            ["merchant", "text"],
            registry=self.registry,
        )
        self.config_faults = Counter(
            "stamgast_web_config_faults",
            "Messages that failed because the carrier refuses their sender or template",
            ["merchant", "code"],
            registry=self.registry,
        )
        self.dropped = Counter(
            "stamgast_web_dropped_connections",
            "Connections closed: `slow` (no whole request in time), `unread` (its answer), `address` and `all` (made "
            "room), `busy` (found none)",
            ["why"],
            registry=self.registry,
        )
        self.loaded = Gauge(
            "stamgast_web_view_loaded", "1 while the view is complete", ["view"], registry=self.registry
        )

        self._filling = Gauge(
            "stamgast_web_filling_partitions",
            "Partitions of customers that Redis lost and that are being filled: requests about them get 503",
            registry=self.registry,
        )
        self._missing = Gauge(
            "stamgast_web_filling_records", "Records that they still lack, as far as is known", registry=self.registry
        )

    def show_filling(self, reaches: Sequence[Reach]) -> None:
        """Bring up to date what is being filled."""
        self._filling.set(len(reaches))
        self._missing.set(sum(reach.missing for reach in reaches))

    def text(self) -> bytes:
        """The figures as Prometheus reads them."""
        return generate_latest(self.registry)
