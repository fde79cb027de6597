"""What a rule gives the friend whom its fact is about: told to the friend's own stream."""

from rules.actions import GiveFriend
from stamgast.domain.referral_events import FriendGiven
from stamgast.service.case import Case, Firing


def give_friend(case: Case, firing: Firing, action: GiveFriend) -> None:
    """Let the friend have it, if their purchase still counts then; once, however often it is told."""
    friend = firing.fact.data.get("friend", "")
    if not friend:
        return
    case.change.tells.append(
        FriendGiven(
            merchant=case.program.merchant,
            customer=friend,
            at=case.at,
            by=case.customer_id,
            rule=firing.rule.id,
            reward=action.reward,
            valid_for=action.valid_for or 0,
        )
    )
    case.change.gifts.append((firing.rule.id, action.reward))
