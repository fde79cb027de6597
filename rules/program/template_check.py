"""What the text of a template asks for, found without rendering it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes

from rules.program.template_language import FILTERS, MessageEnvironment, compile_message, parse_message
from stamgast.domain.message_words import CUSTOMER, WORDS

_ENVIRONMENT: Final = MessageEnvironment()
_DOTTED: Final = re.compile(r"[a-z_]+(\.[a-z_]+)?")
_MOST_REMEMBERED: Final = 4_096
ALL_WORDS: Final = tuple(f"{thing}.{word}" for thing, words in WORDS.items() for word in words)


@dataclass(frozen=True, slots=True)
class Used:
    """A word that a template uses, and the line it stands on (from 1). `word` is empty for a bare thing."""

    thing: str
    word: str
    line: int

    @property
    def text(self) -> str:
        """As it is written: `voucher.code`."""
        return f"{self.thing}.{self.word}" if self.word else self.thing

    @property
    def known(self) -> bool:
        """Whether messages can speak of it."""
        return self.word in WORDS.get(self.thing, ())


class _NoName(str):
    """Stands for the name of somebody who gave none: false and of no length, and seen where it is printed."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return other == "" or other is self

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


_SEEN: Final = "\x1f"
_NO_NAME: Final = _NoName(_SEEN)


def _leaving_names(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that makes nothing of no name, as it makes nothing of an empty one."""

    def filtered(value: Any, *args: Any, **kwargs: Any) -> Any:
        return value if isinstance(value, _NoName) else work(value, *args, **kwargs)

    return filtered


class _NamelessEnvironment(MessageEnvironment):
    def __init__(self) -> None:
        super().__init__()
        counting = {"default", "d", "length", "count", "int", "float", "abs", "round"}
        self.filters = {name: work if name in counting else _leaving_names(work) for name, work in FILTERS.items()}


_NAMELESS: Final = _NamelessEnvironment()


def prints_no_name(source: str) -> str:
    """What a text prints in the place of a name that somebody never gave: empty if it has something to say instead.

    `source` has to be a template that messages can be written in; what asks for other words than there are prints
    nothing.
    """
    if CUSTOMER not in source:
        return ""
    return _remembered_name(source) if len(source) < _MOST_REMEMBERED else _printed_name(source)


@lru_cache(maxsize=1_024)
def _remembered_name(source: str) -> str:
    return _printed_name(source)


def _printed_name(source: str) -> str:
    words = {thing: dict.fromkeys(names, "1") for thing, names in WORDS.items()}
    words[CUSTOMER] = dict.fromkeys(WORDS[CUSTOMER], _NO_NAME)
    try:
        text = compile_message(_NAMELESS, source).render(words)
    except Exception:  # noqa: BLE001  a mistake of another kind, and noted as such
        return ""
    return next((f"{CUSTOMER}.{each}" for each in WORDS[CUSTOMER] if each in source), CUSTOMER) if _SEEN in text else ""


def is_dotted(text: str) -> bool:
    """True for a bare word such as `voucher.code`: short for `{{ voucher.code }}`."""
    return _DOTTED.fullmatch(text) is not None


def used_words(source: str) -> Sequence[Used]:
    """Every word that the text asks for.

    Raises `jinja2.TemplateSyntaxError` for what is no template, and for what reads like one and cannot become one:
    it would be found out only when the message is due.
    """
    # A text is asked about by the template and by each rule that sends it, and shops begin with the same ones.
    return _remembered_words(source) if len(source) < _MOST_REMEMBERED else _checked_words(source)


@lru_cache(maxsize=1_024)
def _remembered_words(source: str) -> Sequence[Used]:
    return _checked_words(source)


def _checked_words(source: str) -> Sequence[Used]:
    try:
        tree = parse_message(_ENVIRONMENT, source)
        found = tuple(_words_of(tree))
        _ENVIRONMENT.from_string(tree)  # what reads like a template may still not become one
    except RecursionError:
        raise TemplateSyntaxError("it is nested too deeply", 1) from None
    except (SyntaxError, ValueError, OverflowError) as error:  # loops in loops in loops; a number of 5,000 digits
        raise TemplateSyntaxError(f"it cannot be compiled ({error})", 1) from None
    return found


def _words_of(tree: nodes.Template) -> list[Used]:
    local = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    found: list[Used] = []
    covered: set[int] = set()
    accesses: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    for access in accesses:
        if isinstance(access.node, nodes.Name):
            covered.add(id(access.node))
            word = access.attr if isinstance(access, nodes.Getattr) else _constant(access)
            found.append(Used(access.node.name, word, access.lineno))
    found += [
        Used(name.name, "", name.lineno)
        for name in tree.find_all(nodes.Name)
        if name.ctx == "load" and id(name) not in covered
    ]
    return [each for each in found if each.thing not in local]


def _constant(access: nodes.Getitem) -> str:
    return str(access.arg.value) if isinstance(access.arg, nodes.Const) else ""


__all__ = ["ALL_WORDS", "TemplateSyntaxError", "Used", "is_dotted", "prints_no_name", "used_words"]
