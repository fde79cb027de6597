"""What is said of the feeds of a merchant's stores: the same in all partitions of customers."""

from collections.abc import Mapping
from typing import ClassVar

from stamgast.domain.event import Event
from stamgast.domain.feed_health import Health


class FeedsTurned(Event, frozen=True, kw_only=True, tag="feeds_turned", gc=False):
    """From now on the merchant's stores are heard like this: quiet and stale ones are named, the others are healthy.

    `customer` is empty. It stands until the next one.
    """

    unwell: Mapping[str, Health] = {}
    about: ClassVar[str] = "merchant"
