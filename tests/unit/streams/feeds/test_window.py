"""A position never passes what has not arrived, in whatever order things arrive."""

import random

from streams.feeds.window import MOST, Window


def test_a_position_never_passes_what_has_not_arrived() -> None:
    chance = random.Random(4)
    window, open_ = Window(10), set[int]()
    for offset in range(10, 600):
        while not window.has_room:
            done = chance.choice(sorted(open_))
            open_.remove(done)
            window.done(done)
        if offset % 3:
            window.take(offset)
            open_.add(offset)
        else:
            window.next = offset + 1
        assert window.reached == min(open_, default=window.next)
        assert len(window) <= MOST
    for done in sorted(open_, reverse=True):
        window.done(done)
    assert (window.reached, len(window)) == (600, 0)
