"""What looks wrong about a delivery beside what is known of its transaction: more given back than was paid, a refund of
a line that the sale has not, a version told twice, a receipt's number that comes again.

All of them are taken in by the rules of the merge; whoever builds the till should hear of them. The answer to the till
tells what is known by then; the worker, which merges, counts and logs every one.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from rules.yaml.problems import MAX_LISTED, nearest
from stamgast.domain.currencies import format_money
from stamgast.domain.net_purchase import paid_and_given_back
from stamgast.domain.purchase_record import UNDATED, Delivery, millis_of
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Refund, Snapshot, Transaction
from stamgast.domain.units import DAY, Millis
from stamgast.pos.doubt import Doubt, DoubtKind
from stamgast.pos.warnings import Seen

_SHOWN: Final = 64


def doubts_about_known(seen: Iterable[Seen], known: Mapping[str, Transaction], recorded_at: Millis) -> list[Doubt]:
    """Everything about these deliveries that does not go with what is `known`, or with each other.

    What is alike is told once.
    """
    found: dict[DoubtKind, Doubt] = {}
    seen, states = list(seen), dict(known)
    times = Counter([each.delivery.transaction_id for each in seen])
    for place, _, delivery, _ in seen:
        name = delivery.transaction_id
        if name not in states and times[name] == 1 and delivery.refund_id is None:
            continue  # nobody knows a word of it, as of nearly every sale
        before = states.get(name) or Transaction()
        after = copy.copy(before) if before.first_at else Transaction()
        with suppress(ValueError):
            merge(after, delivery, recorded_at)
        states[name] = after
        for doubt in doubts_between(place, before, after, delivery, recorded_at):
            if doubt.kind in found:
                found[doubt.kind].purchases += 1
            else:
                found[doubt.kind] = doubt
    return list(found.values())


def doubts_between(
    place: str, before: Transaction, after: Transaction, delivery: Delivery, recorded_at: Millis
) -> list[Doubt]:
    """What looks wrong about a delivery that made `after` of `before`."""
    if delivery.refund_id is not None:
        twice = _told_twice(place, before, after, delivery, recorded_at)
        doubts = [twice, _unknown_line(place, before, after, delivery.refund_id)]
    elif not before.first_at:
        return []
    else:
        twice = _told_twice(place, before, after, delivery, recorded_at)
        doubts = [twice, _another_sale(place, before, delivery)]
    doubts.append(_too_much(place, before, after))
    return [doubt for doubt in doubts if doubt is not None]


def _too_much(place: str, before: Transaction, after: Transaction) -> Doubt | None:
    paid, given_back = paid_and_given_back(after)
    if given_back <= paid or (paid, given_back) == paid_and_given_back(before) or after.snapshot is None:
        return None
    currency = after.snapshot.currency
    back, most = format_money(given_back, currency), format_money(paid, currency)
    return Doubt(
        kind="over_refund",
        pointer=f"{place}/totals/gross_minor",
        value=str(given_back),
        detail=f"{back} were given back of a sale of {most}: no more than that counts as given back",
        allowed=f"up to {most}, all refunds of the transaction together",
    )


def _unknown_line(place: str, before: Transaction, after: Transaction, refund_id: str) -> Doubt | None:
    sale, refund = after.snapshot, after.refunds.get(refund_id)
    if sale is None or refund is None or refund == before.refunds.get(refund_id):
        return None
    lines = [line.id for line in sale.lines] + [line.id for line in (after.whole.lines if after.whole else ())]
    for index, line in enumerate(refund.lines):
        if line.id not in lines:
            return Doubt(
                kind="unknown_line",
                pointer=f"{place}/line_items/{index}/original_line_id",
                value=line.id,
                detail=f"the sale has no line {line.id[:_SHOWN]!r}: what was given back comes off all of its lines in "
                "proportion",
                allowed=", ".join(sorted(set(lines))[:MAX_LISTED]) or "none: the sale was told without lines",
                nearest=nearest(line.id[:_SHOWN], sorted(set(lines))) or "",
            )
    return None


def _told_twice(
    place: str, before: Transaction, after: Transaction, delivery: Delivery, recorded_at: Millis
) -> Doubt | None:
    """The same version with other content: which of the two counts is no accident, but nobody can have meant both."""
    old, new = (_content(each, delivery.refund_id) for each in (before, after))
    if old is None or new is None or old.version != delivery.source_version:
        return None
    counts = "this one counts"
    if old == new:
        alone = Transaction()
        with suppress(ValueError):
            merge(alone, delivery, recorded_at)
        if _content(alone, delivery.refund_id) in (None, old):
            return None
        counts = "the one that came before counts"
    return Doubt(
        kind="told_twice",
        pointer=f"{place}/source_version",
        value=str(delivery.source_version),
        detail=f"version {delivery.source_version} of this transaction is known with other content: {counts}",
        allowed="a higher source_version for every change, and another transaction_id for another sale",
    )


def _content(transaction: Transaction, refund_id: str | None) -> Snapshot | Refund | None:
    return transaction.snapshot if refund_id is None else transaction.refunds.get(refund_id)


def _another_sale(place: str, before: Transaction, delivery: Delivery) -> Doubt | None:
    """A till that begins at 1 every January, two stores with the same numbers: the older sale would be replaced."""
    old = before.snapshot
    if old is None:
        return None
    store, moment = delivery.store.retail_store_id, millis_of(delivery.end_date_time)
    apart = 0 if old.occurred_at == UNDATED or delivery.time_suspect else abs(moment - old.occurred_at)
    if store != old.store:
        pointer, what = "store/retail_store_id", f"in store {old.store[:_SHOWN]!r}, and now in {store[:_SHOWN]!r}"
    elif apart > DAY:
        pointer, what = "end_date_time", f"{apart // DAY} days apart"
    else:
        return None
    return Doubt(
        kind="another_sale",
        pointer=f"{place}/{pointer}",
        value=delivery.transaction_id,
        detail=f"transaction {delivery.transaction_id[:_SHOWN]!r} is known already, {what}: if it is another sale, "
        "only the one with the higher source_version counts",
        allowed="a transaction_id that no other sale of the merchant has; `purchases: {transaction_scope: store}` of "
        "program.yaml, or store_day, tells them apart",
    )
