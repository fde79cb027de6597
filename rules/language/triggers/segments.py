"""Triggers on coming into a segment, and on leaving it."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT
from rules.language.segment_names import read_segment
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import Node
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName, OncePer


class _SegmentTrigger(Trigger):
    """Listens to a segment of program.yaml."""

    moving: ClassVar[str]

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """The name of a segment."""
        segment = read_segment(node, self.name, context)
        if segment is None:
            return None
        return CompiledTrigger(
            self.name,
            f"{self.moving} the segment {segment.name}",
            self.facts,
            _of(segment.name),
            OncePer.SEGMENT,
            (OncePer.SEGMENT, *PERIODS),
            has_purchase=False,
            kept=segment.kept,
            segment=segment,
        )

    def schema(self) -> Schema:
        """The name of a segment."""
        return TEXT


def _of(name: str) -> Fires:
    def fires(fact: Fact) -> bool:
        return bool(fact.data["segment"] == name)

    return fires


@TRIGGERS.add
class EnteredTrigger(_SegmentTrigger):
    """The customer came into a segment of program.yaml. Once per stay in it, and on one day once.

    It is found out with the customer's own events and timers: time alone moves nobody before the next of these. Who is
    in it already when the first rule begins to listen, or when the segment is defined anew, has not come into it. A
    refund that takes somebody out of it takes back what coming in brought.

    Example::

        when:
          entered: regulars
    """

    name = "entered"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant bij het segment {value} komt",
        "fr": "un client entre dans le segment {value}",
        "de": "ein Kunde in das Segment {value} kommt",
        "en": "a customer comes into the segment {value}",
    }
    facts = (FactName.SEGMENT_ENTERED,)
    moving = "coming into"


@TRIGGERS.add
class LeftTrigger(_SegmentTrigger):
    """The customer left a segment of program.yaml. Once per day, and found out as `entered` is.

    Example::

        when:
          left: regulars
    """

    name = "left"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant het segment {value} verlaat",
        "fr": "un client quitte le segment {value}",
        "de": "ein Kunde das Segment {value} verlässt",
        "en": "a customer leaves the segment {value}",
    }
    facts = (FactName.SEGMENT_LEFT,)
    moving = "leaving"
