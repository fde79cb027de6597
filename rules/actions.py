"""What a rule does when it fires, as data. `stamgast.service` carries it out."""

from dataclasses import dataclass

from stamgast.domain.units import Millis


@dataclass(frozen=True, slots=True)
class Send:
    """Send a template over the first of the channels that the customer agreed to and can be reached on."""

    template: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Give:
    """Issue a voucher for a reward; `valid_for` None means as long as the reward says."""

    reward: str
    valid_for: Millis | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """Add tags to the customer and remove tags."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


Action = Send | Give | Tag
