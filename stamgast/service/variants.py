"""Several messages that are compared: every customer gets one of them, the same each time."""

from rules.actions import Send
from stamgast.domain.activation import Activation
from stamgast.domain.contact_policy import stable_percent
from stamgast.domain.counters import Counter, counter
from stamgast.service.case import Case


def way_of(case: Case, rule_id: str, send: Send) -> tuple[Send, str]:
    """What of the message this customer gets, and the name of the variant; without a name where there is but one."""
    if not send.variants:
        return send, ""
    share = stable_percent("variant", case.program.merchant, rule_id, case.customer_id)
    place = int(share * len(send.variants) / 100)
    return send.ways[place], send.variants[place].name


def count(case: Case, activation: Activation, what: str, by: int = 1) -> None:
    """Count what became of a message, if it is one of several that are compared."""
    if activation.plan is not None and activation.plan.variant:
        case.count(counter(Counter.VARIANT, activation.rule, activation.plan.variant, what), by)
