"""Taking part in a draw, and winning at once."""

from collections.abc import Mapping
from typing import ClassVar

from rules.actions import Action, EnterDraw, InstantWin
from rules.language.actions import ACTIONS, ActionWord
from rules.language.draw_names import read_draw
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT
from rules.yaml.nodes import Node

MOST_AT_ONCE = 20


@ACTIONS.add
class EnterDrawAction(ActionWord):
    """Put an entry of the customer into a draw of program.yaml, or several (`entries`), within its caps.

    An entry counts while the draw is open, by the time at which it is recorded. A refund of what it was for takes it
    out again, until it is drawn. Like tags it stays where a message about it is withheld later. `drawn` tells what came
    of it.

    Example::

        when: purchase
        then:
          - enter_draw: december
            entries: 2
    """

    name = "enter_draw"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "doe mee aan de loting {value}",
        "fr": "participer au tirage {value}",
        "de": "an der Verlosung {value} teilnehmen",
        "en": "take part in the draw {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {"entries": {"type": "integer", "minimum": 1, "maximum": MOST_AT_ONCE}}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A draw that is drawn at a moment."""
        draw = read_draw(node, self.name, context, instant=False)
        entries: int | None = 1
        if "entries" in options:
            entries = context.reader.integer(options["entries"], "entries", 1, MOST_AT_ONCE)
        return None if draw is None or entries is None else EnterDraw(draw.id, entries)

    def schema(self) -> Schema:
        """A draw's id."""
        return TEXT


@ACTIONS.add
class InstantWinAction(ActionWord):
    """Let the customer win or lose at once, by the odds of a draw of program.yaml that is not `drawn`.

    The ticket decides, so that anybody can recheck it once the draw has closed; the prize is taken from its stock, and
    given by the house itself. `drawn` hears of it either way, a moment later where somebody wins. A refund of what it
    was for takes an unused prize back, which goes back to the stock.

    Example::

        when: purchase
        then:
          - instant_win: wheel
    """

    name = "instant_win"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "speel meteen mee met {value}",
        "fr": "jouer tout de suite à {value}",
        "de": "sofort bei {value} mitspielen",
        "en": "play {value} at once",
    }

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:  # noqa: ARG002
        """A draw without a moment at which it is drawn."""
        draw = read_draw(node, self.name, context, instant=True)
        return None if draw is None else InstantWin(draw.id)

    def schema(self) -> Schema:
        """A draw's id."""
        return TEXT
