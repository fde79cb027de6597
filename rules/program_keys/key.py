"""A word of program.yaml as editors and documentation know it."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.language.schema_parts import one_or_more

Schema = dict[str, Any]

ID: Final = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
WORD: Final[Schema] = {"type": ["string", "number"]}
DATE: Final[Schema] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
COUNTRY: Final[Schema] = {"type": "string", "pattern": "^[A-Z]{2}$"}
LANGUAGE: Final = "^[a-z]{2}(-[A-Z]{2})?$"
NUMBER: Final[Schema] = {"type": "number"}
GOODS: Final = one_or_more(WORD)


@dataclass(frozen=True, slots=True)
class Key:
    """A word, or a name of the merchant's own choice, and what may stand after it.

    `keys` are the words below it, `each` what stands after each name below it. Where there is neither, `schema` says
    what stands there. `or_else` is another way to write it; `bare` means that nothing need stand there at all.
    """

    meaning: str
    schema: Schema = field(default_factory=dict)
    keys: Mapping[str, "Key"] = field(default_factory=dict)
    each: "Key | None" = None
    names: str = ""
    """A pattern of the names that `each` stands after."""
    needed: tuple[str, ...] = ()
    or_else: Schema = field(default_factory=dict)
    bare: bool = False
    example: str = ""
    """YAML; sections have one."""

    def to_schema(self) -> Schema:
        """JSON Schema of what stands after it."""
        told = {"description": self.meaning} if self.meaning else {}
        return told | self._alternatives()

    def _alternatives(self) -> Schema:
        own = self._shape()
        others = [each for each in (self.or_else, {"type": "null"} if self.bare else {}) if each]
        return {"anyOf": [own, *others]} if others else own

    def _shape(self) -> Schema:
        if self.each is not None:
            below: Schema = {"type": "object", "additionalProperties": self.each.to_schema()}
            return below | ({"propertyNames": {"pattern": self.names}} if self.names else {})
        if not self.keys:
            return self.schema
        properties = {name: key.to_schema() for name, key in self.keys.items()}
        shape: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return shape | ({"required": list(self.needed)} if self.needed else {})


def yaml(text: str) -> str:
    """Return an example without the indentation that it has in the code."""
    return textwrap.dedent(text).strip("\n")
