"""What can stand after `when:`. Each trigger fires when something *becomes* true, never because it *is* true."""

from rules.engine import CompiledTrigger
from rules.registry import Registry, Word


class Trigger(Word[CompiledTrigger]):
    """A word after `when:`."""


TRIGGERS: Registry[Trigger] = Registry("trigger")

PERIODS = ("day", "week", "month", "year", "customer")
"""What any trigger may be limited to, once per."""

# The words register themselves when their modules are read.
from rules.triggers import cards, customers, purchases, silence  # noqa: E402

__all__ = ["PERIODS", "TRIGGERS", "Trigger", "cards", "customers", "purchases", "silence"]
