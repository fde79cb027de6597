"""From what a channel finds wrong with a message to the reason that its outcome says, and that decisions go by."""

from channels.model import Fault, Treatment
from stamgast.domain.vocabulary import Reason


def reason_of(fault: Fault, treatment: Treatment) -> str:
    """The `Reason`; empty where nothing is wrong."""
    match treatment:
        case Treatment.FALLBACK:
            return Reason.OTHER_CHANNEL
        case Treatment.OPT_OUT:
            return Reason.OPTED_OUT
    return "" if fault is Fault.NONE else fault.reason
