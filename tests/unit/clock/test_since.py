"""Moments from which something is asked: of everybody, of one merchant, of nobody."""

import pytest

from stamgast.clock.shop_time import parse_time
from stamgast.clock.since import NEVER, Since

FIRST, LATER = "2026-12-01T03:00:00Z", "2027-02-01T03:00:00+01:00"


def test_one_moment_is_everybodys_and_a_named_one_that_merchants():
    since = Since.parse(f"{FIRST}, winkel={LATER}")
    assert since
    assert (since.of("bakkerij"), since.of("winkel")) == (parse_time(FIRST), parse_time(LATER))


def test_named_merchants_alone_are_asked_where_nobody_else_is_meant():
    since = Since.parse(f"winkel={FIRST},bakkerij = {LATER}")
    assert since
    assert (since.of("bakkerij"), since.of("winkel"), since.of("other")) == (parse_time(LATER), parse_time(FIRST), None)


def test_nothing_is_asked_of_anybody_where_nothing_stands():
    assert not Since.parse("")
    assert Since.parse(" , ") == NEVER
    assert NEVER.of("winkel") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-12-01", "'2026-12-01': time '2026-12-01' is not RFC 3339.*write `2026-12-01T03:00:00Z` or `merchant=…`"),
        ("winkel", "'winkel': time 'winkel' is not RFC 3339"),
        (f"{FIRST},{LATER}", "is a second moment for everybody: write `merchant="),
        (f"winkel={FIRST},winkel={LATER}", "is a second moment for winkel"),
        (f"De Winkel={FIRST}", "'De Winkel' is not a merchant's name: small letters"),
        (f"={FIRST}", "'' is not a merchant's name"),
    ],
)
def test_what_is_no_moment_is_refused_with_its_place_and_what_may_stand_there(text: str, why: str):
    with pytest.raises(ValueError, match=why):
        Since.parse(text)
