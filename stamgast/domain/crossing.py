"""Where a rising function becomes positive."""

from collections.abc import Callable

_ROUNDS = 200


def first_crossing(function: Callable[[float], float], low: float, step: float, tolerance: float = 1e-11) -> float:
    """Find where `function`, which rises and is at most 0 at `low`, is 0, to within a relative tolerance.

    A bracket is found by doubling `step` (positive), then narrowed by false position with the Illinois modification
    (Dowell and Jarratt, "A modified regula falsi method", 1971), which bisects where that is slow. Infinite where no
    bracket is found.
    """
    below = function(low)
    if below >= 0:
        return low
    high = low + step
    while (above := function(high)) < 0:
        low, below = high, above
        step *= 2
        high += step
        if high > 1e300:
            return float("inf")
    side = 0
    for round_ in range(_ROUNDS):
        middle = (low + high) / 2 if round_ % 8 == 7 else high - above * (high - low) / (above - below)
        value = function(middle)
        if value < 0:
            low, below = middle, value
            above = above / 2 if side < 0 else above
            side = -1
        else:
            high, above = middle, value
            below = below / 2 if side > 0 else below
            side = 1
        if value == 0 or high - low <= tolerance * (1 + abs(high)):
            break
    return middle
