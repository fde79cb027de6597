"""Full cards by number and size, against a dict of them."""

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.customer import Card
from stamgast.domain.full_cards import current, is_full, lay_aside, newest, take_from_below, take_newest


@given(st.data())
def test_numbers_and_sizes_are_those_of_a_stack_of_paper_cards(data: st.DataObject):
    card, paper = Card(), dict[int, int]()
    for _ in range(data.draw(st.integers(1, 25))):
        step = data.draw(st.sampled_from(("fill", "newest", "below")))
        if step == "fill":
            size, count = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
            free = [n for n in range(1, len(paper) + 30) if n not in paper][:count]
            assert lay_aside(card, size, count) == free
            paper |= dict.fromkeys(free, size)
        elif step == "newest" and paper:
            above, most = data.draw(st.integers(0, max(paper) - 1)), data.draw(st.integers(1, 12))
            top = max(paper)
            first, stamps = take_newest(card, above, most)
            taken = {n: paper.pop(n) for n in range(first, top + 1)}
            assert stamps == sum(taken.values())
            assert first > above
            assert len(set(taken.values())) == 1
            assert stamps - taken[first] < most
        elif step == "below" and paper:
            numbers = sorted(data.draw(st.sets(st.sampled_from(sorted(paper)), min_size=1)), reverse=True)
            most = data.draw(st.integers(1, 12))
            first, cards, stamps = take_from_below(card, numbers, most)
            taken = {n: paper.pop(n) for n in numbers[:cards]}
            assert (min(taken), stamps) == (first, sum(taken.values()))
            assert stamps - taken[first] < most
        assert card.completed == len(paper)
        assert newest(card) == max(paper, default=0)
        assert current(card) == next(n for n in range(1, len(paper) + 2) if n not in paper)
        assert {n for n in range(60) if is_full(card, n)} == set(paper)
        assert [size for size, count in card.sizes for _ in range(count)] == [paper[n] for n in sorted(paper)]
