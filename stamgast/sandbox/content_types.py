"""What a person sees of a template: its text, and what can be pressed under it."""

from collections.abc import Iterator, Mapping
from typing import Any


def text_in(types: Mapping[str, Any]) -> str:
    """The text of the richest type that has one, with what stands above and below it."""
    for kind in types.values():
        if isinstance(kind, dict) and isinstance(kind.get("body"), str):
            media = kind.get("media")
            above = [media] if isinstance(media, str) else list(media or ())
            parts = (*above, kind.get("header_text", ""), kind["body"], kind.get("footer", ""))
            return "\n".join(str(each) for each in parts if each)
    return ""


def buttons_in(types: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Quick replies and the rows of a list as `{title, id}`, links as `{title, url}`, in their order."""
    return tuple(button for kind in types.values() if isinstance(kind, dict) for button in _of(kind))


def _of(kind: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for each in (*kind.get("actions", ()), *kind.get("items", ())):
        title = str(each.get("title") or each.get("item") or "")
        if url := each.get("url"):
            yield {"title": title, "url": str(url)}
        elif title:
            yield {"title": title, "id": str(each.get("id") or title)}
