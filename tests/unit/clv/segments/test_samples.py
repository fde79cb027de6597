"""A segment's sample is of its customers, always the same, and goes by nothing that they are."""

from random import Random

from stamgast.clv.segments.samples import MOST, Samples

NAMES = [f"customer-{number}" for number in range(500)]


def drawn(names: list[str]) -> tuple[str, ...]:
    samples = Samples()
    for name in names:
        samples.add("tag", "often", name)
    return samples.of("tag", "often")


def test_the_same_ones_are_drawn_in_whichever_order_they_come() -> None:
    shuffled = [*NAMES]
    Random(1).shuffle(shuffled)
    assert drawn(shuffled) == drawn(NAMES)
    assert len(set(drawn(NAMES))) == MOST
    assert drawn(NAMES) != tuple(NAMES[:MOST])


def test_who_stays_in_a_small_segment_is_all_of_it() -> None:
    assert sorted(drawn(NAMES[:3])) == NAMES[:3]
    assert Samples().of("tag", "often") == ()


def test_segments_that_become_one_have_one_sample() -> None:
    samples = Samples()
    for number, name in enumerate(NAMES):
        samples.add("source", "veiled" if number % 2 else "flyer", name)
    samples.rename("source", "veiled", "flyer")
    assert samples.of("source", "flyer") == drawn(NAMES)
    assert samples.of("source", "veiled") == ()
