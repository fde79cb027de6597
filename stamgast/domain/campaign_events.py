"""What happens to a campaign in a partition: its list, its start, its stop and the end of its walk."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from stamgast.domain.event import EXACT, Count, Event, Millis

CampaignEnd = Literal["walked", "late", "over", "stopped"]


class AudienceListed(Event, frozen=True, kw_only=True, tag="audience_listed", gc=False):
    """Some of those in this partition whom a campaign is for, before it starts. `customer` is empty."""

    rule: str
    occasion: Millis
    customers: tuple[str, ...]
    about: ClassVar[str] = "merchant"


class CampaignPlace(Struct, frozen=True, array_like=True, gc=False):
    """Of one partition: how many the campaign is for there, the offset of the first part of the list (-1: none), and
    where the log of activations ended: what comes of it stands behind that.
    """

    size: Count = 0
    first: Annotated[int, EXACT] = -1
    log: Annotated[int, EXACT] = 0


class CampaignStarted(Event, frozen=True, kw_only=True, tag="campaign_started", gc=False):
    """A person started a campaign: customers are walked for an occasion of the rule. It is the same in all partitions.

    Without an `audience` it is for everybody, else for those listed before. `size` counts them all.
    """

    rule: Annotated[str, Meta(max_length=64)]
    occasion: Millis
    audience: Annotated[str, Meta(max_length=200)] = ""
    size: Count = 0
    places: tuple[CampaignPlace, ...] = ()
    """Of each partition, in their order."""
    about: ClassVar[str] = "merchant"


class AudienceFixed(CampaignStarted, frozen=True, kw_only=True, tag="audience_fixed", gc=False):
    """Whom the occasions of a rule by the calendar are for from now on: those listed before, as of a campaign.

    `occasion` is when a person said so; a list replaces the one before it.
    """


class CampaignStopped(Event, frozen=True, kw_only=True, tag="campaign_stopped", gc=False):
    """A person stopped a campaign: nobody is walked any more, and what waits is called off."""

    rule: str
    occasion: Millis
    about: ClassVar[str] = "merchant"


class CampaignDone(Event, frozen=True, kw_only=True, tag="campaign_done", gc=False):
    """A campaign's walk is at its end in this partition. `how` says why, as of `ScheduleDone`; or what waited of it
    is called off. `looked` and `matched` count customers.
    """

    rule: str
    occasion: Millis
    how: CampaignEnd
    looked: Count = 0
    matched: Count = 0
    about: ClassVar[str] = "merchant"
