"""How far draws are is written and read back as it was; what is forgotten leaves nothing."""

from stamgast.domain.draws import Ticketed, Winner
from stamgast.domain.urns import DrawMark, Drawn, Urn
from stamgast.state.draw_marks import NO_DRAW, NO_URN, decode_draw, decode_urn, encode_draw

WINNER = Winner("c1", "e1", "00ff", "loaf")


def test_what_is_written_is_read_back():
    mark = DrawMark("ab", 3, Drawn("cd", 2, 5, (WINNER,), 1, 1_000, 7))
    urn = Urn((("loaf", 2),), 1, {3: Ticketed(1, 2, (WINNER,)), 11: Ticketed(0, 0, ())})
    assert decode_draw(encode_draw(mark)) == mark
    assert decode_urn(encode_draw(urn)) == urn


def test_what_is_forgotten_leaves_nothing():
    assert encode_draw(NO_DRAW) == encode_draw(NO_URN) == ""
    assert decode_draw("") == NO_DRAW
    assert decode_urn("") == NO_URN
