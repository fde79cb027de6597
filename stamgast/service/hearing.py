"""A bundle in force with what the log says of its stores' feeds."""

from collections.abc import Mapping
from dataclasses import replace

from stamgast.domain.feed_health import Health
from stamgast.service.case import Bundle


def hearing(bundle: Bundle, unwell: Mapping[str, Health] | None) -> Bundle:
    """The same, once these of its stores are quiet or stale; None: nothing was ever said of them."""
    feeds = bundle.program.store_feeds
    if unwell is None or not feeds.by_store or feeds.unwell == unwell:
        return bundle
    return replace(bundle, program=replace(bundle.program, store_feeds=replace(feeds, unwell=unwell)))
