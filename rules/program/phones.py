"""How telephone numbers are read: `region: NL`, `neighbours: [BE]`, and which of them are no customer's:
`nobodys_phones: [usual, "09 223 45 67"]`.
"""

import re
from collections.abc import Mapping
from typing import Final

from rules.bounds import MOST_NEIGHBOURS, MOST_NOBODYS_PHONES, hold_to
from rules.yaml.called import country_called
from rules.yaml.nodes import ListNode, Node
from rules.yaml.reader import Reader
from stamgast.domain.region import USUAL

_REGION: Final = re.compile(r"[A-Z]{2}")
_PHONE: Final = re.compile(r"[+\d(][\d\s()./-]{5,30}", re.ASCII)


def read_region(reader: Reader, found: Mapping[str, Node], usual: str) -> str:
    """The country in which they are written; `usual` where nothing is said."""
    text = reader.text(found["region"], "region") if "region" in found else usual
    if text is not None and not _REGION.fullmatch(text):
        code = country_called(text)
        hint = f'Write it as "{code}".' if code else f'Such as "{usual}".'
        reader.problem(found["region"], f'`region`: "{text}" is not a country code such as NL', hint)
        return usual
    return text or usual


def read_neighbours(reader: Reader, node: Node | None) -> tuple[str, ...] | None:
    """Countries of which numbers without a country code may be as well; None where nothing is said."""
    if node is None:
        return None
    if isinstance(node, ListNode) and not node.items:
        return ()
    found: dict[str, None] = {}
    for item in reader.items(node, "neighbours"):
        text = reader.text(item, "neighbours")
        if text is not None and _REGION.fullmatch(text):
            found[text] = None
        elif text is not None:
            reader.problem(item, f'`neighbours`: "{text}" is not a country code', 'Write codes such as "BE" or "DE".')
    hold_to(reader, node, "neighbours", len(found), MOST_NEIGHBOURS)
    return tuple(found)


def read_nobodys_phones(reader: Reader, node: Node | None) -> tuple[str, ...]:
    """Those that are no customer's, as they are written; empty where nothing is said."""
    if node is None:
        return ()
    found: dict[str, None] = {}
    for item in reader.items(node, "nobodys_phones"):
        text = reader.text(item, "nobodys_phones")
        if text is not None and (text == USUAL or _PHONE.fullmatch(text)):
            found[text] = None
        elif text is not None:
            message = f'`nobodys_phones`: "{text[:40]}" is not a telephone number'
            reader.problem(item, message, f'Write it in quotes, such as "09 223 45 67", or {USUAL}.')
    hold_to(reader, node, "nobodys_phones", len(found), MOST_NOBODYS_PHONES)
    return tuple(found)
