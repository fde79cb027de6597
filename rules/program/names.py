"""`names:` of what people read about, in each language of the programme."""

from collections.abc import Mapping
from typing import Final

from rules.bounds import LONGEST_NAME, hold_length
from rules.program.messages import check_plain
from rules.yaml.nodes import MapNode, Node
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader

NAMES: Final = "names"


def read_names(
    reader: Reader, key: Node, found: Mapping[str, Node], what: tuple[str, str, str], languages: tuple[str, ...]
) -> dict[str, str]:
    """The names in each language. `what` is the section, what one of it is called, and its id."""
    section, thing, which = what
    names: dict[str, str] = {}
    if NAMES not in found:
        return names
    for language, text in reader.entries(found[NAMES], f"{section}: {which}: names"):
        read = reader.text(text, f"names: {language.text}")
        if language.text not in languages:
            hint = suggest(language.text, languages)
            reader.problem(language, f'"{language.text}" is not a language of this programme', hint)
        elif read is not None:
            hold_length(reader, text, f"the name of a {thing}", read, LONGEST_NAME)
            check_plain(reader, text, read)
            names[language.text] = read
    missing = [each for each in languages if each not in names]
    if isinstance(found[NAMES], MapNode) and missing:
        hint = f"Add `{missing[0]}: …` under `names`."
        reader.problem(key, f"the {thing} {which} has no name in {', '.join(missing)}", hint)
    return names
