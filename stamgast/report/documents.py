"""The document of a span: figures from the topics, and what the shop owes from the counters of now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stamgast.domain.earned import Totals, owed, report
from stamgast.domain.lapses import Lapses
from stamgast.domain.satisfaction import satisfaction
from stamgast.report.reading import Readings, Tell
from stamgast.report.spans import Wanted
from stamgast.service import Bundle


async def documents_of_span(
    readings: Readings,
    bundles: Mapping[str, Bundle],
    totals: Mapping[str, Totals],
    span: Wanted,
    tell: Tell | None = None,
) -> list[dict[str, Any]]:
    """Return of each merchant what their rules came to within the span, on their own clock.

    Raises:
        KafkaError, LogTruncatedError: the logs cannot be read.
    """
    days = {merchant: span.days(bundle.program.time_zone) for merchant, bundle in bundles.items()}
    moments = {merchant: each.of(bundles[merchant].program.time_zone) for merchant, each in days.items()}
    sums = await readings.sums(moments, tell)
    return [
        report(
            {**owed(totals.get(merchant, {})), **sums[merchant]},
            bundle.program,
            bundle.rules.by_id,
            bundle.rules.budgets,
            campaigns=bundle.rules.campaigns,
            full_cards=bundle.rules.full_cards,
        )
        | {"lapses": Lapses.of(sums[merchant]).document(), "satisfaction": satisfaction(sums[merchant])}
        | days[merchant].as_json()
        for merchant, bundle in bundles.items()
    ]
