"""Tiers as words of rules name them."""

from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from stamgast.domain.program import Program
from stamgast.domain.tiers import NO_TIER


def has_tiers(reader: Reader, node: Node, program: Program) -> bool:
    """Whether program.yaml has tiers; it is noted where it has none."""
    if program.tiers is None:
        reader.problem(node, "program.yaml has no tiers", "Add `tiers: {levels: {silver: 250 EUR, gold: 500 EUR}}`.")
    return program.tiers is not None


def read_tier(reader: Reader, node: Node, where: str, program: Program) -> str | None:
    """The name of a tier of program.yaml, or `none`."""
    if program.tiers is None:
        return None
    levels = {name: name for name, _ in program.tiers.levels} | {NO_TIER: NO_TIER}
    return reader.known(node, where, levels, "tier")
