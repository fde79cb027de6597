"""The words after `then:`: each reads one action."""

from collections.abc import Mapping
from typing import ClassVar

from rules.actions import Action
from rules.language.registry import Context, Registry, Schema, Word
from rules.yaml.nodes import Node


class ActionWord(Word[Action]):
    """A word that begins an item of `then:`. `options` are the words that may stand beside it."""

    options: ClassVar[Mapping[str, Schema]] = {}

    def read(self, node: Node, context: Context) -> Action | None:
        """The action without options."""
        return self.read_with(node, {}, context)

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """The action with what stands beside it."""
        raise NotImplementedError


ACTIONS: Registry[ActionWord] = Registry("action")

# The words register themselves when their modules are read.
from rules.language.actions import draws, holdings, messages, recommend, staff  # noqa: E402

__all__ = ["ACTIONS", "ActionWord", "draws", "holdings", "messages", "recommend", "staff"]
