"""Campaigns and occasions in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stamgast.commands.answering import answer

if TYPE_CHECKING:
    from stamgast.campaigns.status import Campaign, Occasions


def tell(campaign: Campaign, zone: str) -> None:
    """Since when it goes on by the shop's clock, how far it is, and each partition of one that goes on."""
    from stamgast.clock.shop_time import format_time, on_the_wall

    since = f"since {on_the_wall(format_time(campaign.occasion), zone)}"
    how_far = f"{progress_of(campaign)}{outcome_of(campaign)}"
    answer(f"{campaign.merchant} {campaign.id}: {campaign.state}, {since}, {how_far}")
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


def tell_occasions(each: Occasions, zone: str) -> None:
    """When it came last by the shop's clock, when it comes next, and for whom."""
    from stamgast.clock.shop_time import on_the_wall

    shown = each.as_json()
    last, coming, fixed = (
        None if shown[which] is None else on_the_wall(shown[which], zone) for which in ("last", "next", "fixed_at")
    )
    came = "none yet" if last is None else f"{last} ({shown['state']}, {shown['matched']:,} matched)"
    whom = ""
    if shown["list_is_wanted"]:
        whom = f"; it waits for its list: `stamgast campaign audience {each.rule.id}`"
    elif fixed is not None:
        whom = f"; for {shown['audience']:,} of {shown['audience_name']}, fixed at {fixed}"
    elif shown["audience_name"] is not None:
        whom = f"; for {shown['audience_name']}, as they are then"
    answer(f"{each.merchant} {each.rule.id}: {shown['schedule']}; last {came}, next {coming or 'none'}{whom}")
