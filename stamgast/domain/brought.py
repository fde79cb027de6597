"""What the report says of friends whom customers brought."""

from collections.abc import Mapping
from typing import Any

from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.referrals import Became, Refused


def friends_of(totals: Mapping[str, int]) -> dict[str, Any]:
    """How many were invited, how many count (without those taken back), and why others brought nothing."""

    def of(became: Became) -> int:
        return totals.get(counter(Counter.REFERRAL, became), 0)

    counted, taken_back = of(Became.COUNTED), of(Became.TAKEN_BACK)
    begins = counter(Counter.REFERRAL, Became.REFUSED, "")
    refused = {name.removeprefix(begins): count for name, count in totals.items() if name.startswith(begins)}
    return {
        "invited": of(Became.INVITED),
        "friends": counted - taken_back,
        "counted": counted,
        "taken_back": taken_back,
        "refused": {why.value: refused[why] for why in Refused if refused.get(why)},
    }


def in_words(found: Mapping[str, Any]) -> str:
    """The same in a line; empty where nobody was invited."""
    if not found["invited"] and not found["counted"] and not found["refused"]:
        return ""
    refused = ", ".join(f"{count} {why}" for why, count in found["refused"].items())
    told = f"{found['friends']:,} of {found['invited']:,} who were invited"
    told += f", {found['taken_back']:,} taken back" if found["taken_back"] else ""
    return told + (f"; refused: {refused}" if refused else "")


def name_of(became: str, reason: str) -> str:
    """How what became of an invitation is counted."""
    return BETWEEN.join(each for each in (Counter.REFERRAL, became, reason) if each)
