"""Faults fall as they were asked for: by queue, by count, by chance that repeats with its seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.sandbox.faults import CALLBACK_FAULTS, OK, POST_FAULTS, FaultSwitches

NAMES = st.sampled_from([OK, *POST_FAULTS])


@given(st.lists(NAMES, max_size=20))
def test_a_queue_is_followed_to_its_end_and_then_all_is_well(queue):
    switches = FaultSwitches()
    switches.change({"next": queue})
    assert [switches.posts.choose() for _ in [*queue, OK]] == [*queue, OK]


@given(st.dictionaries(st.sampled_from(POST_FAULTS), st.integers(1, 5), max_size=4))
def test_counts_are_used_up_exactly(counts):
    switches = FaultSwitches()
    switches.change(counts)
    chosen = [switches.posts.choose() for _ in range(sum(counts.values()) + 3)]
    assert {name: chosen.count(name) for name in counts} == counts
    assert chosen[-3:] == [OK] * 3


@given(st.integers(0, 10**6), st.floats(0.05, 0.4), st.floats(0.05, 0.4))
def test_chances_repeat_with_their_seed(seed, first, second):
    runs = []
    for _ in range(2):
        switches = FaultSwitches()
        switches.change({"seed": seed, "429": first, "lost_after": second, "callbacks": {"lose": first}})
        runs.append([(switches.posts.choose(), switches.callbacks.choose()) for _ in range(50)])
    assert runs[0] == runs[1]


def test_what_is_not_named_stays_and_a_reset_clears():
    switches = FaultSwitches()
    switches.change({"hold": True, "429": "always", "callbacks": {"duplicate": 2}})
    switches.change({"slow_ms": 5})
    shown = switches.shown()
    assert (shown["hold"], shown["429"], shown["slow_ms"]) == (True, "always", 5)
    assert shown["callbacks"] == {"next": [], "duplicate": 2}
    switches.change({"429": 0})
    assert "429" not in switches.shown()
    switches.change({"reset": True, "lost_before": 1})
    assert switches.shown() == {
        "next": [], "lost_before": 1, "slow_ms": 20_000, "hold": False, "seed": 0, "callbacks": {"next": []},
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [{"eat": 1}, {"429": True}, {"callbacks": {"429": 1}}, {"callbacks": []}, {"seed": -1}]
)
def test_a_wrong_switch_is_refused_whole(wrong):
    switches = FaultSwitches()
    before = switches.shown()
    with pytest.raises(ValueError, match=r"known|cannot|must"):
        switches.change({"slow_ms": 1, "hold": True, **wrong})
    assert switches.shown() == before


def test_every_name_is_of_one_kind():
    assert not set(POST_FAULTS) & set(CALLBACK_FAULTS)
