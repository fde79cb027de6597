"""What a rule does when it fires, as data. `stamgast.service` carries it out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from stamgast.domain.awaited import Awaited
from stamgast.domain.delays import Delay
from stamgast.domain.facts import Fact
from stamgast.domain.kept import NOTHING_KEPT, Kept
from stamgast.domain.spans import Span
from stamgast.domain.units import Millis


@dataclass(frozen=True, slots=True)
class Unless:
    """What calls off something that waits: a fact that a trigger would fire for. `text` is for people alone.

    The others are those of `rules.engine.CompiledTrigger`.
    """

    text: str
    fact_names: tuple[str, ...]
    fires: Callable[[Fact], bool]
    awaited: Awaited | None = None
    span: Span | None = None
    thing: str = ""
    kept: Kept = NOTHING_KEPT


@dataclass(frozen=True, slots=True)
class Recommend:
    """What a message recommends where nothing is bought next often enough, and from when on it is said again.

    `again_after` is in days; 0: what was bought is never recommended.
    """

    instead: str
    again_after: int = 0


@dataclass(frozen=True, slots=True)
class Send:
    """Send a template over the first of the channels that the customer agreed to and can be reached on.

    `after` None means at once; `unless` calls it off while it waits.
    """

    template: str
    by: tuple[str, ...]
    after: Delay | None = None
    unless: tuple[Unless, ...] = ()
    variants: tuple["Variant", ...] = ()
    """What customers are split between; without any, everybody gets `template`."""
    of_voucher: bool = False
    """Its words speak of a voucher."""
    recommend: Recommend | None = None
    """They name a product that is chosen for each customer."""

    @property
    def ways(self) -> tuple["Send", ...]:
        """As it is sent to one customer or another: one for each variant."""
        if not self.variants:
            return (self,)
        return tuple(replace(self, template=each.template, by=each.by, variants=()) for each in self.variants)

    def only(self, variant: str) -> "Send":
        """The same with that variant alone, if it has one of that name."""
        kept = tuple(each for each in self.variants if each.name == variant)
        return replace(self, variants=kept) if kept else self


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several messages that are compared: its name, such as `a`."""

    name: str
    template: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Give:
    """Issue a voucher for a reward; `valid_for` None means as long as the reward says."""

    reward: str
    valid_for: Millis | None = None


@dataclass(frozen=True, slots=True)
class GiveFriend:
    """Give the friend something whom the rule fired for; as `Give`."""

    reward: str
    valid_for: Millis | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """Add tags to the customer and remove tags."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddStamps:
    """Put stamps on cards."""

    stamps: tuple[tuple[str, int], ...]
    """(card, how many)."""


@dataclass(frozen=True, slots=True)
class SetTier:
    """Put the customer on a tier for a time; `span` None: until they have earned it."""

    tier: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell people of the staff, by the names of program.yaml. No message to the customer, and asked nothing of them."""

    template: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Whatever stands below it happens that much later; `unless` calls it off until then."""

    delay: Delay
    unless: tuple[Unless, ...] = ()


@dataclass(frozen=True, slots=True)
class EnterDraw:
    """Put entries of the customer into a draw."""

    draw: str
    entries: int = 1


@dataclass(frozen=True, slots=True)
class InstantWin:
    """Let the customer win or lose at once."""

    draw: str


Deed = Give | GiveFriend | Tag | AddStamps | SetTier | EnterDraw | InstantWin
"""What changes the customer without a message."""
Action = Send | Deed | Notify | Wait
