"""What a worker counts about itself, for Prometheus."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stamgast.log.unsigned_figures import UnsignedFigures
from stamgast.pos.warnings import Doubts
from stamgast.state.condition import RedisFigures

MOST_UNPUBLISHED: Final = 1_000
"""Merchants without a programme that events are counted of by name."""


class OfSteps(NamedTuple):
    """What every step of a service counts, found once: a look by label at each step costs more than the counting."""

    step: Histogram
    records: Counter
    commits: Counter


_BUDGET: Final = ("merchant", "budget")


class Metrics:
    """One set of figures a process. `service` is `intake` or `customers`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.records = self._counter("records", "Records applied", "service")
        self.commits = self._counter("commits", "Steps committed", "service")
        text = "Steps that came to nothing, by the error's class: FencedError, SessionEndedError, EmitError, ..."
        self.refused = self._counter("refused", text, "service", "why")
        self.skipped = self._counter("skipped", "Records not applied: old, repeat, control", "service", "why")
        self.gaps = self._counter("gaps", "Chunks that did not begin at watermark + 1", "service")
        self.takes = self._counter("takes", "Partitions taken", "service")
        text = "Partitions filled anew from Kafka because their state could not be trusted"
        self.refilled = self._counter("refilled", text, "service")
        self.ended_twice = self._counter("ended_twice", "Records laid aside because they had ended workers", "service")
        self.alarms = self._gauge("alarms", "Partitions refused because log and state do not fit", "service")
        self.owned = self._gauge("owned_partitions", "Partitions that this worker owns", "service")
        self.lag = self._gauge("lag_records", "Records behind the log's end", "service")
        self.step = Histogram(
            "stamgast_step_seconds", "One step: read, think, emit, commit", ["service"], registry=self.registry,
            buckets=(0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1, 4),
        )  # fmt: skip
        self.dead_letters = self._counter("dead_letters", "Records laid aside", "service")
        self.letters = self._counter(
            "dead_letters_seen", "Dead letters seen on their topic, whoever wrote them", "topic"
        )
        self.parked = self._counter("parked", "Events put behind what waits for a merchant's bundle", "merchant")
        self.taken_up = self._counter("taken_up", "Events that waited and are applied now", "merchant")
        self._parked_by: set[str] = set()
        self.refused_bundles = self._gauge("refused_bundles", "1: the newest bundle cannot be used", "merchant")
        text = "CLV to acquisition cost of a segment's customers; below 3 winning them costs too much"
        self.segment_ratio = self._gauge("segment_clv_to_cac", text, "merchant", "by", "segment")
        self.segments_fell = self._counter("segments_fell_below", "Segments that fell below 3", "merchant", "by")
        self.budget_spent, self.budget_amount, self.rules_paused, self.rules_tripped = (
            self._gauge("budget_spent_minor", "What a budget has spent in its time, in minor units", *_BUDGET),
            self._gauge("budget_amount_minor", "What a budget may spend in its time, in minor units", *_BUDGET),
            self._counter(
                "rules_paused",
                "Times a rule raised, or a message of it cost too much, and it was paused",
                "merchant",
                "rule",
            ),
            self._counter("rules_tripped", "Times a trip wire paused a rule", "merchant", "rule"),
        )
        self.codes_left = self._gauge("codes_left", "Codes of the shop's own that no voucher has", "merchant", "reward")
        self.timers = self._counter("timers", "Due timers appended to the stream")
        self.reviewed = self._counter("reviewed", "Customers whose timers a new bundle moved earlier")
        self.activations = self._counter("activations", "Outcomes written, by status", "status")
        self.outbox = self._gauge("outbox_entries", "Activations to submit")
        self.oldest = self._gauge("outbox_oldest_seconds", "Age of the oldest activation to submit")
        self._of_carriers()
        self._of_feeds()
        self.doubts = Doubts(self.registry)
        self.clock_wrong = self._gauge("clock_wrong", "1: this machine's clock is wrong, and it owns no partitions")
        self.redis, self.unsigned = RedisFigures(self.registry), UnsignedFigures(self.registry)
        self.loop_lag = self._gauge("loop_lag_seconds", "How late the event loop runs")

    def _of_carriers(self) -> None:
        text = "Senders whose carrier fails: since when, as seconds of the epoch; there is none while all is well"
        self.carrier_failing = self._gauge("carrier_failing_since_seconds", text, "merchant", "channel")
        self.carrier_waiting = self._gauge(
            "carrier_waiting", "Messages that wait for a carrier that fails", "merchant", "channel"
        )
        self.config_faults = self._counter(
            "config_faults",
            "Messages that failed because the carrier refuses their sender or template, as answered or looked up",
            "merchant",
            "code",
        )
        self.media = self._counter("media", "Files that customers sent, by what became of them", "came")
        self.media_unread = self._counter("media_unread", "Records of such files that cannot be read", "topic")

    def _of_feeds(self) -> None:
        self.feed_stale = self._gauge("feed_stale", "1: no purchase for too long, nobody is called absent", "merchant")
        text = "By what is usual for a store, where feeds are judged so: 0 healthy, 1 quiet, 2 stale"
        self.store_feed = self._gauge("store_feed", text, "merchant", "store")
        feed = ("merchant", "feed")
        text = "Feeds whose other side takes nothing: since when, as seconds of the epoch; 0 while all is well"
        self.feed_failing = self._gauge("feed_failing_since_seconds", text, *feed)
        text = "Records that a feed has not come to yet in this worker's partitions, others' included"
        self.feed_behind = self._gauge("feed_behind_records", text, *feed)
        self.feed_posts = self._counter("feed_posts", "Posts to feeds: taken, later, refused, gone", *feed, "came")
        self.feed_refused = self._counter("feed_laid_aside", "Records that a feed's other side did not take", *feed)
        self.feed_lost = self._counter("feed_lost", "Offsets that retention removed before a feed sent them", *feed)

        connection = ("merchant", "connection")
        text = "Connections to tills that cannot be polled: since when, as seconds of the epoch; 0 while all is well"
        self.connection_failing = self._gauge("connection_failing_since_seconds", text, *connection)
        text = "1: webhooks that a connection had are gone, and could not be made again"
        self.webhooks_missing = self._gauge("webhooks_missing", text, *connection)
        self.webhooks_made = self._counter("webhooks_made", "Times webhooks were gone and made again", *connection)
        self.claims_waiting = self._gauge("claims_waiting", "Claims of receipts that wait for a person", "merchant")

    def forget_feed(self, merchant: str, feed: str) -> None:
        """Show no more of a feed that is not sent here any more."""
        for gauge in (self.feed_failing, self.feed_behind):
            with suppress(KeyError):
                gauge.remove(merchant, feed)

    def park(self, merchant: str, events: int) -> None:
        """Count events that wait. Nobody has published under these names: there may be any number of them."""
        if merchant not in self._parked_by and len(self._parked_by) >= MOST_UNPUBLISHED:
            merchant = "others"
        self._parked_by.add(merchant)
        self.parked.labels(merchant).inc(events)

    def of_steps(self, service: str) -> OfSteps:
        """Return what a service's steps count."""
        return OfSteps(self.step.labels(service), self.records.labels(service), self.commits.labels(service))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"stamgast_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"stamgast_{name}", text, labels, registry=self.registry)
