"""Conditions on what the shop's tills tell us: whether purchases still come in."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import choice
from rules.yaml.nodes import Node
from rules.yaml.words import (
    BY_STORE_HINT,
    FEED_STATES,
    HEALTHY,
    NEVER_QUIET,
    QUIET,
    STALE,
    UNWATCHED,
    UNWATCHED_HINT,
)
from stamgast.domain.feed_health import Health
from stamgast.domain.heard import health_of
from stamgast.domain.program import Program

_SHOWN: Final = 3


@CONDITIONS.add
class FeedCondition(ConditionWord):
    """Whether the till's feed is `healthy`, `quiet` or `stale`: whether purchases still come in.

    With `feed: {stale_after: 2 days}` in program.yaml it is stale when none came for so many open days, in the whole
    shop. With `feed: {by_store: true}` each store is judged by its own usual: it is quiet after a gap in opening hours
    beyond the 99th percentile of its gaps, and stale beyond three times that, or when its till could not be polled for
    an hour. A rule on a purchase asks about the store of that purchase; any other about the shop, which is as its worst
    store. Where program.yaml says nothing it is healthy. While it is stale `became_at_risk`, `lapsing` and `lapsed`
    wait by themselves: ask elsewhere.

    Example::

        if:
          - feed: healthy
    """

    name = "feed"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de aankopen {value}",
        "fr": "les achats {value}",
        "de": "die Einkäufe {value}",
        "en": "purchases {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One of the three."""
        reader, program = context.reader, context.program
        state = reader.one_of(node, self.name, FEED_STATES, thing="state of a feed")
        if state is None:
            return None
        if not _is_watched(program):
            reader.problem(node, UNWATCHED, UNWATCHED_HINT, warning=True)
        elif state == QUIET and not program.store_feeds.by_store:
            reader.problem(node, NEVER_QUIET, BY_STORE_HINT, warning=True)
        wanted = Health(state)

        def test(view: View) -> bool:
            return _health(view) is wanted

        return Condition(f"feed is {state}", test, _found, while_stale=state == STALE)

    def schema(self) -> Schema:
        """One of the three states."""
        return choice(FEED_STATES)


def _is_watched(program: Program) -> bool:
    return bool(program.feed_stale_after) or program.store_feeds.by_store


def _health(view: View) -> Health:
    purchase = view.fact.purchase
    return health_of(view.program, "" if purchase is None else purchase.store)


def _found(view: View) -> str:
    program = view.program
    if not _is_watched(program):
        return f"{HEALTHY}: nobody watches it"
    health, purchase = _health(view), view.fact.purchase
    if health is Health.HEALTHY or not program.feed_healthy:
        return health.value
    here = purchase is not None and purchase.store in program.stores
    stores = [purchase.store] if purchase is not None and here else program.store_feeds.those(health, program.stores)
    return f"{health.value}: {', '.join(stores[:_SHOWN])}"
