"""Draws of program.yaml, as words of rules name them."""

from collections.abc import Mapping

from rules.language.registry import Context
from rules.yaml.nodes import Node
from stamgast.domain.draws import Draw


def read_draw(node: Node, word: str, context: Context, *, instant: bool | None = None) -> Draw | None:
    """The draw, which has to be of that kind if one is said; None when problems were noted."""
    reader, draws = context.reader, context.program.draws
    if not draws:
        hint = "Add `draws: {december: {opens: …, closes: …, drawn: …, prizes: {…: 10}}}`."
        reader.problem(node, "program.yaml has no draws", hint)
        return None
    name = reader.known(node, word, draws, "draw")
    if name is None:
        return None
    if instant is not None and draws[name].instant != instant:
        reader.problem(node, *_OTHER_KIND[instant])
        return None
    return draws[name]


_OTHER_KIND: Mapping[bool, tuple[str, str]] = {
    True: ("it is drawn at a moment, and nobody wins at once", "Write `enter_draw`."),
    False: ("it is an instant win, and never drawn", "Write `instant_win`, or say in program.yaml when it is `drawn`."),
}
