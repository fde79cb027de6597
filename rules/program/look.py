"""`look:` of program.yaml: how the shop's pages look.

`look: {colour: "#0b6e4f", logo: look/logo.svg, stamp: look/loaf.svg, privacy: https://shop.example/privacy}`
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from rules.program.drawings import DrawingError, redraw
from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from stamgast.domain.look import NO_LOOK, Look

WORDS: Final = ("colour", "logo", "stamp", "privacy")
FILE: Final = re.compile(r"look/([A-Za-z0-9][A-Za-z0-9_-]{0,40})\.svg")
_COLOUR: Final = re.compile(r"#?([0-9a-fA-F]{6})")
_SHORT: Final = re.compile(r"#?([0-9a-fA-F]{3})")
_LONGEST: Final = 200


def read_look(reader: Reader, node: Node | None, drawings: Mapping[str, str]) -> Look:
    """Read it. `drawings` are the files of `look/`, by the names that `logo` and `stamp` give."""
    if node is None:
        return NO_LOOK
    with reader.showing('look: {colour: "#0b6e4f", logo: look/logo.svg}'):
        found = reader.mapping(node, "look", WORDS)
    return Look(
        colour=_colour(reader, found["colour"]) if "colour" in found else "",
        logo=_drawing(reader, found["logo"], "logo", drawings) if "logo" in found else "",
        stamp=_drawing(reader, found["stamp"], "stamp", drawings) if "stamp" in found else "",
        privacy=_privacy(reader, found["privacy"]) if "privacy" in found else "",
    )


def _colour(reader: Reader, node: Node) -> str:
    text = reader.text(node, "colour")
    if text is None:
        return ""
    if match := _COLOUR.fullmatch(text.strip()):
        return f"#{match[1].lower()}"
    short = _SHORT.fullmatch(text.strip())
    meant = "#" + "".join(each * 2 for each in short[1].lower()) if short else "#0b6e4f"
    reader.problem(node, f'`colour`: "{text}" is no colour', f'Write six hexadecimal digits, as in "{meant}".')
    return ""


def _drawing(reader: Reader, node: Node, word: str, drawings: Mapping[str, str]) -> str:
    name = reader.text(node, word)
    if name is None:
        return ""
    if not FILE.fullmatch(name):
        hint = f"Put an SVG into the folder look/ beside program.yaml, and write `{word}: look/{word}.svg`."
        reader.problem(node, f'`{word}`: "{name}" is no drawing of look/', hint)
        return ""
    if reader.known(node, word, drawings, "drawing") is None or name not in drawings:
        return ""
    try:
        return redraw(drawings[name])
    except DrawingError as error:
        reader.problem(node, f"`{word}`: {name} cannot be taken: {error}", error.hint)
        return ""


def _privacy(reader: Reader, node: Node) -> str:
    text = (reader.text(node, "privacy") or "").strip()
    parts = urlsplit(text)
    if text and (parts.scheme != "https" or not parts.hostname or len(text) > _LONGEST):
        reader.problem(node, f'`privacy`: "{text[:60]}" is no https address', "Such as https://shop.example/privacy.")
        return ""
    return text
