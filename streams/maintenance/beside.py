"""What a partition holds beside its customers, as the log alone says: owners of vouchers, answers, the outbox."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from stamgast.domain.events import AnyEvent
from stamgast.domain.shop_codes import mark_of
from stamgast.domain.units import SECOND, Millis
from stamgast.domain.voucher_codes import short_of
from stamgast.service import Change
from stamgast.state.outbox import Lane, encode_submission
from stamgast.state.voucher_owners import name_by_mark
from streams.customers.writes import ANSWER_KEPT_S, BOUND_KEPT_S, CODE_KEPT_S

CODE_KEPT: Final[Millis] = CODE_KEPT_S * SECOND
ANSWER_KEPT: Final[Millis] = ANSWER_KEPT_S * SECOND
BOUND_KEPT: Final[Millis] = BOUND_KEPT_S * SECOND


class Owner(NamedTuple):
    """Whose a voucher is, its long code, and until when it is known at least."""

    customer: str
    code: str
    until: Millis


class Answer(NamedTuple):
    """What an HTTP client's event is answered."""

    at: Millis
    digest: bytes


class Waits(NamedTuple):
    """A message that is not finished."""

    lane: Lane
    digest: bytes


class Beside:
    """Grows with what `Fold` is told to apply."""

    def __init__(self) -> None:
        self.owners: dict[str, Owner] = {}
        """merchant:code (the short one) of every voucher that there ever was."""
        self.answers: dict[str, Answer] = {}
        """merchant:event of the newest day."""
        self.outbox: dict[str, Waits] = {}
        """By activation."""
        self.bound: dict[str, Millis] = {}
        """merchant:customer:id of a carrier's message whose activation is known, of the newest days."""

    def note(self, event: AnyEvent, change: Change) -> None:
        """Take in what an event came to."""
        for voucher in (*change.issued, *change.recoded):
            name = f"{event.merchant}:{short_of(voucher.code)}"
            known = self.owners.get(name)
            until = max(voucher.expires_at + CODE_KEPT, known.until if known else 0)
            self.owners[name] = Owner(event.customer, voucher.code, until)
            if voucher.terms is not None and voucher.terms.shop_code:
                by_mark = name_by_mark(mark_of(voucher.terms.shop_code))
                self.owners[f"{event.merchant}:{by_mark}"] = Owner(event.customer, voucher.code, until)
        for name, answer in change.answers.items():
            self._forget_answers(event.at - ANSWER_KEPT)
            self.answers[f"{event.merchant}:{name}"] = Answer(event.at, digest_of(answer))
        for note in change.notes:
            if note.provider_id:
                self._forget_bound(event.at - BOUND_KEPT)
                self.bound[f"{event.merchant}:{event.customer}:{note.provider_id}"] = event.at
        submitted = {each.activation: each for each in change.submissions}
        for activation, stands in change.stands.items():
            if stands:
                each = submitted[activation]
                self.outbox[activation] = Waits((each.merchant, each.channel), digest_of(encode_submission(each)))
            else:
                self.outbox.pop(activation, None)

    def _forget_answers(self, before: Millis) -> None:
        while self.answers and (oldest := next(iter(self.answers.items())))[1].at < before:
            del self.answers[oldest[0]]

    def _forget_bound(self, before: Millis) -> None:
        while self.bound and (oldest := next(iter(self.bound.items())))[1] < before:
            del self.bound[oldest[0]]


def digest_of(value: bytes) -> bytes:
    """What is remembered of a value: there may be a million."""
    return blake2b(value, digest_size=8).digest()
