"""How conditions stand together: met, unmet and unknown of their parts -> that of the whole."""

from collections.abc import Sequence

from rules.engine import Condition, Test, View


def all_of(parts: Sequence[Condition]) -> Test:
    """Met when every part is met; unknown when none is unmet but one unknown."""
    tests = tuple(part.test for part in parts)

    def test(view: View) -> bool | None:
        unknown = False
        for each in tests:
            met = each(view)
            if met is False:
                return False
            if met is None:
                unknown = True
        return None if unknown else True

    return tests[0] if len(tests) == 1 else test


def any_of(parts: Sequence[Condition]) -> Test:
    """Met when a part is met; unknown when none is met but one unknown."""
    tests = tuple(part.test for part in parts)

    def test(view: View) -> bool | None:
        unknown = False
        for each in tests:
            met = each(view)
            if met:
                return True
            if met is None:
                unknown = True
        return None if unknown else False

    return tests[0] if len(tests) == 1 else test


def none_of(parts: Sequence[Condition]) -> Test:
    """Met when every part is known and unmet."""
    some = any_of(parts)

    def test(view: View) -> bool | None:
        met = some(view)
        return None if met is None else not met

    return test
