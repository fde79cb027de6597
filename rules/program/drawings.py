"""A shop's drawing, made anew: shapes and their colours, and nothing that runs, loads or hides.

What is not known to be a shape is refused by name, since a drawing without it would be another one.
"""

import re
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, ParseError

LARGEST: Final = 24_000
"""Letters of a file: it goes with every bundle."""
MOST_SHAPES: Final = 400
_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}"
_SHAPES: Final = frozenset(
    {"svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon", "title", "desc", "defs"}
    | {"linearGradient", "radialGradient", "stop", "clipPath"}
)
_ATTRIBUTES: Final = frozenset(
    {"viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "d"}
    | {"points", "transform", "fill", "fill-rule", "fill-opacity", "stroke", "stroke-width", "stroke-linecap"}
    | {"stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity", "opacity"}
    | {"id", "offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform", "spreadMethod"}
    | {"clip-path", "clip-rule", "clipPathUnits", "preserveAspectRatio", "color"}
)
_STYLE: Final = re.compile(r"\s*([a-z-]+)\s*:\s*([^;]+?)\s*")
_OWN: Final = re.compile(r"url\(['\"]?#[\w.-]+['\"]?\)")
_AWAY: Final = re.compile(r"url\s*\(|javascript:|data:|https?:|//", re.IGNORECASE)
_BOX: Final = re.compile(r"\s*-?[\d.]+[\s,]+-?[\d.]+[\s,]+(?:[\d.]+)[\s,]+(?:[\d.]+)\s*")
_SIZE: Final = re.compile(r"\s*([\d.]+)(?:px)?\s*")


class DrawingError(ValueError):
    """A file is no drawing that can be taken; its own text says why."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


def redraw(text: str) -> str:
    """An SVG of shapes alone, without a size of its own: it fills where it is put. Raises `DrawingError`."""
    if len(text) > LARGEST:
        raise DrawingError(f"it has {len(text):,} characters", f"At most {LARGEST:,}: simplify the paths.")
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE) and "[" in text:
        raise DrawingError("it declares entities", "Save it as plain SVG.")
    try:
        root = ET.fromstring(text.encode())  # noqa: S314  entities are refused above
    except ParseError as error:
        raise DrawingError(f"it is no SVG ({error})", "Save it as plain SVG.") from None
    if root.tag != f"{{{_SVG}}}svg":
        raise DrawingError("it is no SVG", "It begins with <svg xmlns=…>.")
    made = _shape(root, [MOST_SHAPES])
    made.set("viewBox", _box(root))
    for name in ("width", "height", "x", "y"):
        made.attrib.pop(name, None)
    made.set("xmlns", _SVG)
    return ET.tostring(made, encoding="unicode")


def _shape(found: Element, left: list[int]) -> Element:
    left[0] -= 1
    if left[0] < 0:
        raise DrawingError(f"it has more than {MOST_SHAPES} shapes", "Simplify it.")
    name = found.tag.removeprefix(f"{{{_SVG}}}")
    if name not in _SHAPES:
        raise DrawingError(f"it has <{name.rpartition('}')[2]}>", f"Draw it of {', '.join(sorted(_SHAPES))}.")
    made = Element(name)
    for key, value in _attributes(found):
        made.set(key, value)
    made.text = found.text if name in {"title", "desc"} else None
    for each in found:
        if _is_of_a_programme(each):
            continue
        made.append(_shape(each, left))
    return made


def _attributes(found: Element) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    for key, value in found.attrib.items():
        if key in _ATTRIBUTES:
            kept.append((key, _plain(key, value)))
        elif key in {f"{_LINK}href", "href"} or key.lower().startswith("on"):
            raise DrawingError(f"it has {key.rpartition('}')[2]}=…", "A drawing links to nothing and runs nothing.")
        if key == "style":
            kept += _styled(value)
    return kept


def _styled(value: str) -> list[tuple[str, str]]:
    """Words of a style as attributes: the policy of pages takes no styles."""
    found = (_STYLE.fullmatch(each) for each in value.split(";"))
    return [(each[1], _plain(each[1], each[2])) for each in found if each is not None and each[1] in _ATTRIBUTES]


def _plain(key: str, value: str) -> str:
    if _AWAY.search(_OWN.sub("", value)):
        raise DrawingError(f'it has {key}="{value[:40]}"', "A drawing loads nothing.")
    return value


def _is_of_a_programme(found: Element) -> bool:
    """Notes of Inkscape, Illustrator and their like, of namespaces of their own."""
    return (found.tag.startswith("{") and not found.tag.startswith(f"{{{_SVG}}}")) or found.tag == f"{{{_SVG}}}metadata"


def _box(root: Element) -> str:
    box = root.get("viewBox", "")
    if _BOX.fullmatch(box):
        return box.strip()
    sizes = [_SIZE.fullmatch(root.get(name, "")) for name in ("width", "height")]
    if all(sizes):
        return "0 0 " + " ".join(each[1] for each in sizes if each is not None)
    raise DrawingError("it says nothing of its size", 'Write viewBox="0 0 32 32" on its <svg>.')
