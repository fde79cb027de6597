"""Puts together what tells the wallets that are configured."""

from __future__ import annotations

from functools import partial

from stamgast.bootstrap import WorkerParts
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import RealClock
from stamgast.filling import Filling
from stamgast.settings import Settings
from stamgast.wallet.apple.push import Waker
from stamgast.wallet.google.client import GoogleClient
from stamgast.wallet.wallets import wallets_of
from streams.customers.bundles import Bundles
from streams.metrics import Metrics
from streams.wallet.cards import CardsShown
from streams.wallet.changes import Changes
from streams.wallet.health import Patience
from streams.wallet.sides import AppleSide, GoogleSide, Side
from streams.wallet.telling import Telling


def wallet_services(settings: Settings, parts: WorkerParts, bundles: Bundles, metrics: Metrics) -> list[Telling]:
    """One for each wallet that is configured."""
    wallets = wallets_of(settings, RealClock().now())
    topics, passes, now, patience = parts.topics, parts.identities.passes, parts.clock.now, Patience()
    filling = Filling(parts.redis, topics, kafka_of(settings))
    cards = CardsShown(parts.identities, filling, topics.partitions, bundles.program_of, now)
    sides: list[Side] = []
    if wallets.apple is not None:
        sides.append(AppleSide(Waker(wallets.apple), passes, now))
    if wallets.google is not None:
        sides.append(GoogleSide(GoogleClient(wallets.google), wallets.google, cards, passes, now))
    changes = partial(
        Changes,
        kafka_of(settings),
        topics,
        settings.group_prefix,
        session_timeout_ms=settings.session_timeout_ms,
        gather_s=patience.gather_s,
    )

    return [
        Telling(
            side,
            changes(side.wallet),
            cards,
            passes,
            redis=parts.client,
            metrics=metrics,
            patience=patience,
        )
        for side in sides
    ]
