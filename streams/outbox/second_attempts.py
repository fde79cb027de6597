"""What the carrier does not know after the last look-up: it may go once more where its template says so.

The attempt is closed in the log of activations before anybody may decide on another, so that an attempt is submitted
only if its record is the first open one of its activation, as ever. Whether there is another one is decided from the
customer's state (`stamgast.service.outcomes`): at most one, by the gate that every message passes.
"""

from __future__ import annotations

from stamgast.domain.vocabulary import IfUnproven, NoteKind, Reason, Status
from stamgast.logs import get_logger
from stamgast.state.doubts import Doubt
from streams.customers.activation_log import ActivationLog
from streams.customers.bundles import UnusableBundleError
from streams.outbox.context import Outgoing
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)


class SecondAttempts:
    """Opens another attempt for messages of one partition that the carrier does not know."""

    def __init__(self, around: Outgoing, owned: OwnedPartition, activations: ActivationLog) -> None:
        self._around = around
        self._owned = owned
        self._activations = activations

    async def offer(self, doubt: Doubt) -> None:
        """Close the attempt and tell that the carrier does not know it. Raises ClaimLostError."""
        submission, around = doubt.submission, self._around
        try:
            template = (await around.bundle_of(submission)).program.templates.get(submission.template)
        except UnusableBundleError:
            return
        if template is None or template.if_unproven != IfUnproven.SEND_AGAIN:
            return
        await self._activations.close_attempt(around.note(NoteKind.CLOSED, submission, doubt.attempt, Reason.NOT_FOUND))
        log.info("the carrier does not know an attempt", activation=submission.activation)
        ended = (self._owned.number, submission, Status.NOT_FOUND)
        await around.append_outcome(*ended, attempt=doubt.attempt, reason=Reason.NOT_FOUND)
