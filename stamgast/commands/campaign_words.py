"""Campaigns and occasions in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stamgast.commands.answering import answer

if TYPE_CHECKING:
    from stamgast.campaigns.status import Campaign, Occasions


def tell(campaign: Campaign) -> None:
    """How far it is, and each partition of one that goes on."""
    answer(f"{campaign.merchant} {campaign.id}: {campaign.state}, {progress_of(campaign)}{outcome_of(campaign)}")
    if campaign.is_under_way:
        for number, mark in sorted(campaign.marks.items()):
            looked, matched = campaign.figures(number)
            answer(f"    partition {number}: {mark.how}, {looked:,} of {mark.place.size:,}, {matched:,} match")


def progress_of(campaign: Campaign) -> str:
    """How many were looked at."""
    return f"{campaign.looked:,} of {campaign.size:,} looked at, {campaign.matched:,} match"


def outcome_of(campaign: Campaign) -> str:
    """What came of it, or how to ask."""
    came = campaign.came
    if came is None:
        return f"; `stamgast campaign status {campaign.id}` counts what came of it"
    parts = [f"{came.sent:,} sent"] if came.sent else []
    parts += [f"{came.waiting:,} wait"] if came.waiting else []
    parts += [f"{came.in_doubt:,} in doubt"] if came.in_doubt else []
    parts += [f"{count:,} withheld ({reason})" for reason, count in came.withheld.most_common()]
    return "".join(f", {part}" for part in parts)


def tell_occasions(each: Occasions) -> None:
    """When it came last, when it comes next, and for whom."""
    shown = each.as_json()
    last = "none yet" if shown["last"] is None else f"{shown['last']} ({shown['state']}, {shown['matched']:,} matched)"
    whom = ""
    if shown["list_is_wanted"]:
        whom = f"; it waits for its list: `stamgast campaign audience {each.rule.id}`"
    elif shown["fixed_at"] is not None:
        whom = f"; for {shown['audience']:,} of {shown['audience_name']}, fixed at {shown['fixed_at']}"
    elif shown["audience_name"] is not None:
        whom = f"; for {shown['audience_name']}, as they are then"
    answer(f"{each.merchant} {each.rule.id}: {shown['schedule']}; last {last}, next {shown['next'] or 'none'}{whom}")
