"""From what a channel finds wrong with a message to the reason that its outcome says, and that decisions go by."""

from typing import Final

from channels.model import Fault
from stamgast.domain.vocabulary import Reason, Treatment

_PERSON: Final = frozenset({Fault.NOT_ON_CHANNEL, Fault.POLICY})
"""About the customer and a channel. Where words or an account are at fault, that is what is said."""


def reason_of(fault: Fault, treatment: Treatment) -> str:
    """The `Reason`; empty where nothing is wrong."""
    match treatment:
        case Treatment.FALLBACK if fault in _PERSON:
            return Reason.OTHER_CHANNEL
        case Treatment.OPT_OUT:
            return Reason.OPTED_OUT
    return "" if fault is Fault.NONE else fault.reason
