from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.days import decode_days, encode_days, last_gap

VISITS = st.dictionaries(st.integers(0, 40_000), st.integers(1, 1_000), min_size=2, max_size=40)


@given(VISITS)
def test_the_last_gap_is_read_off_the_end_alone(visits: dict[int, int]):
    days = sorted(visits.items())
    assert last_gap(encode_days(days)) == days[-1][0] - days[-2][0]
    assert decode_days(encode_days(days)) == days
