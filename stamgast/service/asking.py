"""An offer that comes without a message asks for its money first."""

from rules.steps import Step
from stamgast.domain.contact_policy import Decision
from stamgast.domain.vocabulary import Reason, Verdict
from stamgast.service import budgets
from stamgast.service.case import Case, Firing
from stamgast.service.drafts import drafted
from stamgast.service.ended import forget_ended
from stamgast.service.messages import too_many_wait, withhold


def asks_first(case: Case, firing: Firing, step: Step) -> bool:
    """Ask for the money of an offer that comes without a message; say whether it waits, or is not made at all."""
    if case.left.messages <= 0 or too_many_wait(case.customer.moving):
        withhold(case, firing, step, Reason.TOO_MANY)
        return True
    case.left.messages -= 1
    activation = drafted(case, firing, step)
    if budgets.waits(case, activation, firing.rule, Decision(Verdict.SUBMIT), step, otherwise=firing.otherwise):
        case.customer.moving = [*case.customer.moving, activation]
        forget_ended(case)
        return True
    case.paying = case.customer.charges.pop(activation.id, None)
    return False
