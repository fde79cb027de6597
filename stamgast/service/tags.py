"""A customer's tags: those that rules set, and those that an answer fills in."""

from collections.abc import Sequence

from stamgast.domain.counters import Counter, Tally, counter
from stamgast.service.case import Case

MOST_TAGS = 100
"""Tags of one customer; those beyond are counted and not given."""


def change_tags(case: Case, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
    """Take some off and put some on, those that are there staying in their order."""
    tags = [tag for tag in case.customer.tags if tag not in remove]
    tags += [tag for tag in add if tag not in tags]
    if len(tags) > MOST_TAGS:
        case.count(counter(Counter.TAGS, Tally.TOO_MANY), len(tags) - MOST_TAGS)
    case.customer.tags = tags[:MOST_TAGS]
