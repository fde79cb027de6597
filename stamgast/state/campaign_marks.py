"""How far a partition is with a campaign that a person started, as its meta holds it."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from stamgast.domain.campaign_events import AudienceFixed, CampaignDone, CampaignPlace, CampaignStarted, CampaignStopped
from stamgast.domain.units import Millis
from stamgast.state.schedule_marks import Name

MOST_KEPT: Final = 20
"""Of a merchant; of those that have ended the oldest are forgotten."""
WALKING: Final = "walking"
STOPPING: Final = "stopping"
"""What waits of it is called off."""
LISTED: Final = "listed"
"""It is no campaign, but whom the occasions of a rule by the calendar are for."""
UNDER_WAY: Final = frozenset({WALKING, STOPPING})
MOST_LISTED: Final = 100
"""Of a merchant; the oldest are forgotten."""


class CampaignMark(Struct, frozen=True, array_like=True):
    """`how`: `walking`, `stopping`, how it ended, or `listed`. `size` counts those whom it is for in all partitions,
    `place` is this one's. `start` is the offset of the record that started it here.
    """

    occasion: Millis = 0
    how: str = ""
    audience: str = ""
    size: int = 0
    place: CampaignPlace = CampaignPlace()
    start: int = -1
    looked: int = 0
    matched: int = 0

    @property
    def is_list(self) -> bool:
        """Whether it is for some, and not for everybody."""
        return self.audience != ""


NO_CAMPAIGN = CampaignMark()
"""That of one that is forgotten."""
_decode = msgspec.json.Decoder(CampaignMark).decode
_encode = msgspec.json.Encoder().encode
_SIGN: Final = "@"
_STAY: Final = UNDER_WAY | {LISTED}

Event = CampaignStarted | CampaignStopped | CampaignDone


def decode_campaign(text: str) -> CampaignMark:
    """Read a field of meta."""
    return _decode(text) if text else NO_CAMPAIGN


def encode_campaign(mark: CampaignMark) -> str:
    """Write one: nothing for a campaign that is forgotten."""
    return "" if mark == NO_CAMPAIGN else _encode(mark).decode()


def campaign_of(rule: str, occasion: Millis) -> str:
    """How a campaign is called: what was started, and when."""
    return f"{rule}{_SIGN}{occasion}"


def rule_of(campaign: str) -> str:
    """The other way round."""
    return campaign.rpartition(_SIGN)[0]


def after(
    event: Event, partition: int, offset: int, known: Mapping[Name, CampaignMark]
) -> dict[Name, CampaignMark]:  # fmt: skip
    """What is known of all campaigns once that was said in that partition, at that offset."""
    name = (event.merchant, campaign_of(event.rule, event.occasion))
    mark = known.get(name)
    if isinstance(event, CampaignStarted):
        if mark is not None:  # told again, by somebody who got no answer
            return dict(known)
        place = event.places[partition] if partition < len(event.places) else CampaignPlace()
        how = LISTED if isinstance(event, AudienceFixed) else WALKING
        begun = CampaignMark(event.occasion, how, event.audience, event.size, place, offset)
        if how == LISTED:
            return _with_list(dict(known), name, begun)
        return _bounded({**known, name: begun}, event.merchant)
    if mark is None:
        return dict(known)
    if isinstance(event, CampaignStopped):
        how = STOPPING if mark.how != "stopped" else mark.how
        return {**known, name: msgspec.structs.replace(mark, how=how)}
    if event.how == "stopped":  # what was walked before that stays known
        return {**known, name: msgspec.structs.replace(mark, how=event.how)}
    figures = {"looked": event.looked, "matched": event.matched}
    if mark.how == STOPPING:  # it was at its end before it heard of that
        return {**known, name: msgspec.structs.replace(mark, **figures)}
    return {**known, name: msgspec.structs.replace(mark, how=event.how, **figures)}


def list_of(marks: Mapping[Name, CampaignMark], name: Name) -> CampaignMark | None:
    """Whom the occasions of a merchant's rule are for, where somebody has said so."""
    merchant, rule = name
    return next(
        (mark for (of, each), mark in marks.items() if mark.how == LISTED and of == merchant and rule_of(each) == rule),
        None,
    )


def _with_list(marks: dict[Name, CampaignMark], name: Name, mark: CampaignMark) -> dict[Name, CampaignMark]:
    """The newest list of a rule is the one that counts, in whatever order they come."""
    merchant, rule = name[0], rule_of(name[1])
    before = list_of(marks, (merchant, rule))
    if before is not None:
        if before.occasion > mark.occasion:
            return marks
        del marks[merchant, campaign_of(rule, before.occasion)]
    marks[name] = mark
    lists = sorted((each.occasion, of) for of, each in marks.items() if of[0] == merchant and each.how == LISTED)
    for _, of in lists[: max(0, len(lists) - MOST_LISTED)]:
        del marks[of]
    return marks


def _bounded(marks: dict[Name, CampaignMark], merchant: str) -> dict[Name, CampaignMark]:
    ended = sorted(
        (mark.occasion, name) for name, mark in marks.items() if name[0] == merchant and mark.how not in _STAY
    )
    for _, name in ended[: max(0, len(ended) - MOST_KEPT)]:
        del marks[name]
    return marks
