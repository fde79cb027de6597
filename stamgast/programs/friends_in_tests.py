"""Friends in a rule's test: what intake and the door would tell of them."""

from collections.abc import Iterator

from msgspec.structs import replace

from rules.testing.friends import FriendBuys, FriendReturns
from stamgast.domain.events import AnyEvent, Enrolled, Line, Purchase, PurchaseChanged
from stamgast.domain.program import Program
from stamgast.domain.units import MINUTE


class Friends:
    """Each is somebody else, who joins by the customer's code."""

    def __init__(self, program: Program, inviter: str) -> None:
        self._program = program
        self._inviter = inviter
        self._bought: list[PurchaseChanged] = []
        self._friends = 0

    def play(self, step: FriendBuys | FriendReturns) -> Iterator[AnyEvent]:
        """What happens to them."""
        if isinstance(step, FriendReturns):
            last = self._bought.pop()
            gone = None if last.after is None else replace(last.after, counts=False, spend=0, refunded=last.after.spend)
            yield replace(last, at=step.at, happened_at=step.at, before=last.after, after=gone)
            return
        self._friends += 1
        number = self._friends
        customer = f"c{number:024}"
        line = Line(id="1", gross=step.amount)
        purchase = Purchase(step.at, step.store, self._program.currency, step.amount, lines=(line,))
        self._bought.append(
            PurchaseChanged(
                merchant=self._program.merchant,
                customer=customer,
                at=step.at,
                transaction=f"friend:{number}:{step.at}",
                after=purchase,
                happened_at=step.at,
            )
        )
        yield Enrolled(
            merchant=self._program.merchant, customer=customer, at=step.at - MINUTE, invited_by=self._inviter
        )
        yield self._bought[-1]
