"""Live states as a version before wrote them, beside what the log leads to: what is no difference.

A customer's state is written anew when something happens to them. Until then one of before has more than it would have
now: visit days of long ago (`stamgast.domain.days.trimmed`), vouchers that are over (`stamgast.domain.apart`), ended
messages and occasions. And it does not know what older days earned on its capped cards (`stamgast.domain.stamp_days`),
which is counted when something asks for it.
"""

from collections.abc import Mapping
from typing import Final

from stamgast.domain.apart import codes_of, decode_apart, field_of_cause, field_of_code
from stamgast.domain.customer import Customer
from stamgast.domain.days import trimmed
from stamgast.domain.stamp_days import block_of
from stamgast.domain.vocabulary import ActivationState

NOTHING: Final = b"\x90"
"""An empty list, as it is stored."""
Entries = Mapping[bytes, bytes]


def as_far_as_known(
    live: Customer, live_entries: Entries, folded: Customer, entries: Entries
) -> tuple[Entries, Entries]:
    """Take out of both states, and of both ledgers, what the other cannot have; returns the ledgers."""
    live.days = trimmed(live.days, live.last_day)
    _let_go_of_messages(live, folded)
    if live.apart is not None and live.apart.numbers is None and folded.apart is not None:
        folded.apart.numbers = None
    if len(live.vouchers) > len(folded.vouchers):
        entries = _put_apart(live, live_entries, folded, entries)
    for place, (name, card) in enumerate(live.cards.items()):
        known = folded.cards.get(name)
        if card.by_day is None and known is not None and known.by_day is not None:
            known.by_day = None
            live_entries, entries = _without(live_entries, place), _without(entries, place)
    return live_entries, entries


def _let_go_of_messages(live: Customer, folded: Customer) -> None:
    kept = {each.id for each in folded.activations}
    ended = ActivationState.ENDED
    live.activations = [each for each in live.activations if each.id in kept or each.state != ended]
    for rule, occasions in folded.fired.items():
        known = live.fired.get(rule, [])
        if len(known) > len(occasions) and all(each in known for each in occasions):
            live.fired[rule] = occasions


def _put_apart(live: Customer, live_entries: Entries, folded: Customer, entries: Entries) -> Entries:
    """Those at hand that the log has apart, the very same, go from both; what differs in anything stays."""
    here = {each.code for each in folded.vouchers}
    going = [each for each in live.vouchers if each.code not in here]
    fields: set[bytes] = set()
    for cause in {each.cause for each in going}:
        field = field_of_cause(cause)
        if field in live_entries or decode_apart(entries.get(field, NOTHING)) != [e for e in going if e.cause == cause]:
            return entries
        fields |= {field, *(field_of_code(code) for each in going if each.cause == cause for code in codes_of(each))}
    were = 0 if live.apart is None else live.apart.count
    if folded.apart is None or folded.apart.count != were + len(going):
        return entries
    live.vouchers, live.apart = [each for each in live.vouchers if each.code in here], folded.apart
    return {field: value for field, value in entries.items() if field not in fields}


def _without(entries: Entries, place: int) -> dict[bytes, bytes]:
    return {field: value for field, value in entries.items() if block_of(field, place) is None}
