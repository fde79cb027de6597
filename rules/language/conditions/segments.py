"""The condition on segments."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT
from rules.language.segment_names import read_segment
from rules.probes import Among
from rules.yaml.nodes import Node


@CONDITIONS.add
class SegmentCondition(ConditionWord):
    """The customer is in a segment of program.yaml, which is a name for conditions: all of them hold now.

    Example::

        if:
          - segment: regulars
    """

    name = "segment"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant bij het segment {value} hoort",
        "fr": "le client fait partie du segment {value}",
        "de": "der Kunde zum Segment {value} gehört",
        "en": "the customer is in the segment {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """The name of a segment."""
        segment = read_segment(node, self.name, context)
        if segment is None:
            return None
        test = segment.condition.test
        probe = Among(test, test, (True,))
        return Condition(f"is in the segment {segment.name}", test, parts=segment.condition.parts, probe=probe)

    def schema(self) -> Schema:
        """The name of a segment."""
        return TEXT
