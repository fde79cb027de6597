"""What a rule does, by the time at which it does it: at once, or after a while."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rules.actions import Action, Deed, Give, Notify, Send, Unless, Wait
from stamgast.domain.delays import Delay


@dataclass(frozen=True, slots=True)
class Step:
    """What happens together: deeds, and at most one message. `delay` None: at once; `unless` calls it off.

    `key` is what it is found again by when the rule was edited while it waits; that of the first is empty.
    """

    key: str
    send: Send | None
    deeds: tuple[Deed, ...] = ()
    delay: Delay | None = None
    unless: tuple[Unless, ...] = ()
    notices: tuple[Notify, ...] = ()
    """What staff are told, whatever becomes of the message."""
    gives: bool = field(init=False, repr=False, compare=False, default=False)
    """There is a reward among its deeds."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "gives", any(isinstance(each, Give) for each in self.deeds))


def steps_of(actions: Sequence[Action], prefix: str = "") -> tuple[Step, ...]:
    """The steps of a list of actions, in its order; `prefix` tells their keys from those of another list."""
    taken: dict[str, int] = {}
    steps: list[Step] = []
    for step in _in_order(actions):
        name = ""
        if step.delay is not None or steps:
            base = prefix + (_name_of(step.send) if step.send is not None else "wait")
            taken[base] = taken.get(base, 0) + 1
            name = base if taken[base] == 1 else f"{base}#{taken[base]}"
        steps.append(Step(name, step.send, step.deeds, step.delay, step.unless, step.notices))
    return tuple(steps)


def _name_of(send: Send) -> str:
    return send.template


def _in_order(actions: Sequence[Action]) -> Iterator[Step]:
    delay: Delay | None = None
    unless: tuple[Unless, ...] = ()
    block: list[Send | Deed | Notify] = []
    for action in actions:
        if isinstance(action, Wait):
            yield from _of_block(block, delay, unless)
            delay = action.delay if delay is None else delay.plus(action.delay)
            unless = (*unless, *action.unless)
            block = []
        else:
            block.append(action)
    yield from _of_block(block, delay, unless)


def _of_block(block: Sequence[Send | Deed | Notify], delay: Delay | None, unless: tuple[Unless, ...]) -> Iterator[Step]:
    """The deeds go with the first message, which may speak of them; each further message is a step of its own."""
    deeds = tuple(each for each in block if not isinstance(each, Send | Notify))
    notices = tuple(each for each in block if isinstance(each, Notify))
    sends = [each for each in block if isinstance(each, Send)]
    together = [each for each in sends if each.after is None]
    if deeds or together or notices:
        yield Step("", together[0] if together else None, deeds, delay, unless, notices)
    for send in together[1:]:
        yield Step("", send, (), delay, unless)
    for send in sends:
        if send.after is not None:
            yield Step("", send, (), send.after, (*unless, *send.unless))
