"""What is counted of a rule that was launched lately, for its trip wires."""

from stamgast.domain.calendar import business_day
from stamgast.domain.contacts import newest_message
from stamgast.domain.counters import counter
from stamgast.domain.trip_wires import Watched, watched_counter
from stamgast.domain.units import DAY, Millis
from stamgast.service.case import Case

_BLAMED_FOR: Millis = 3 * DAY
"""A STOP within so long after a message is said to be because of it."""


def watch_sent(case: Case, rule_id: str) -> None:
    """A message of the rule goes."""
    day = business_day(case.at, case.program.time_zone)
    _count(case, rule_id, Watched.SENT, 1)
    _count(case, rule_id, counter(Watched.DAY, str(day)), 1)


def watch_failed(case: Case, rule_id: str) -> None:
    """A message of the rule failed."""
    _count(case, rule_id, Watched.FAILED, 1)


def watch_cost(case: Case, rule_id: str, cost: int) -> None:
    """A message of the rule costs money."""
    _count(case, rule_id, Watched.COST, cost)


def watch_opt_out(case: Case) -> None:
    """The customer wants no more messages: the newest one is blamed, if it is not long ago."""
    newest = newest_message(case.customer.contacts)
    if newest is not None and case.at - newest.at <= _BLAMED_FOR:
        _count(case, newest.rule, Watched.OPTED_OUT, 1)


def _count(case: Case, rule_id: str, what: str, by: int) -> None:
    rule = case.context.bundle.rules.by_id.get(rule_id)
    if rule is None or not rule.launched_at:
        return
    if 0 <= case.at - rule.launched_at <= case.program.trip_wires.watch_for:
        case.count(watched_counter(rule_id, rule.launched_at, what), by)
