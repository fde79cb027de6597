"""What is to be written for one customer, all of it in the same commit: what one run of `handle` hands back."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from stamgast.domain.activation import Note, Submission
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.draw_events import EntriesMoved
from stamgast.domain.referral_events import FriendBought, FriendGiven
from stamgast.domain.told import AnyLine
from stamgast.domain.units import Millis


class Report(Struct, frozen=True):
    """What the carrier found out of a message that it took, and what that says of its sender."""

    activation: str
    channel: str
    refused: str = ""
    """The code of a carrier that refuses the sender; empty where the message went."""


class Change(Struct):
    """What is to be written for one customer, all of it in the same commit.

    ledger      field -> value, None to remove.
    submissions to put into the outbox; cancels: activations to stop if they are not being sent yet;
    finished    activations whose outbox entry goes, each with the channel it was for, as far as that is known.
    notes       lines for `activations.v1`, in order; told: lines for `facts.v1`.
    counters    read-model counters to add to, without the merchant's prefix.
    month       the month in which they moved; earlier: month before that -> what of them moved in it.
    answers     HTTP answers (JSON) by event id.
    asks        merchant:customer:activation -> what is asked of budgets for it, None to remove.
    wants       merchant:customer:voucher -> that it is to have a code of the shop's own, None to remove.
    entries     merchant:draw:customer -> what is drawn from, or what the draw still has to hear; None to remove.
    reviews     transaction -> its line in the list of what waits for a person, None to remove.
    issued      vouchers that were given, or opened again; withdrawn: those that were taken back; recoded: those that
                have another code now.
    stands      activation -> whether an outbox entry stands in the end: one may be finished and submitted anew.
    failures    (rule id, what it raised): the event was applied without that rule.
    reports     what the carrier found out of messages that it took.
    doubts      activation -> the attempt of which nobody knows whether it went, and since when; None: known now.
    stamped     (rule, card, stamps that it put on, or of its own that went again).
    entered     (rule, draw, entries that it made, or of its own that went again).
    tiers       (rule, tier, whether it gave it or its reason went away).
    codes       code by which friends join -> whose it is, None for nobody's any more.
    tells       what other customers' streams are told, in order; gifts: (rule, reward) that friends are given by it.
    """

    state: Customer
    ledger: dict[bytes, bytes | None] = {}
    submissions: list[Submission] = []
    cancels: list[str] = []
    finished: dict[str, str] = {}
    stands: dict[str, bool] = {}
    notes: list[Note] = []
    told: list[AnyLine] = []
    counters: dict[str, int] = {}
    answers: dict[str, bytes] = {}
    failures: list[tuple[str, str]] = []
    reviews: dict[str, bytes | None] = {}
    issued: list[Voucher] = []
    withdrawn: list[Voucher] = []
    recoded: list[Voucher] = []
    reports: list[Report] = []
    stamped: list[tuple[str, str, int]] = []
    tiers: list[tuple[str, str, bool]] = []
    asks: dict[str, bytes | None] = {}
    codes: dict[str, str | None] = {}
    tells: list[FriendBought | FriendGiven | EntriesMoved] = []
    gifts: list[tuple[str, str]] = []
    entries: dict[str, bytes | None] = {}
    entered: list[tuple[str, str, int]] = []
    wants: dict[str, bytes | None] = {}
    doubts: dict[str, tuple[str, Millis] | None] = {}
    month: str = ""
    earlier: dict[str, dict[str, int]] = {}

    def counted(self) -> Iterator[tuple[str, Mapping[str, int]]]:
        """Each month, and what of the counters moved in it."""
        rest = self.counters
        for month, sums in self.earlier.items():
            yield month, sums
            rest = {name: by - sums.get(name, 0) for name, by in rest.items()}
        yield self.month, rest

    def submit(self, submission: Submission) -> None:
        """Put an entry into the outbox."""
        self.submissions.append(submission)
        self.stands[submission.activation] = True

    def finish(self, activation: str, channel: str) -> None:
        """Take an activation's entry out of the outbox."""
        self.finished[activation] = channel
        self.stands[activation] = False
