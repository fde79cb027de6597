"""What the text of a template asks for, found without rendering it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from jinja2 import Template, TemplateSyntaxError, UndefinedError, nodes

from rules.program.template_language import (
    FILTERS,
    OPERATORS,
    RENDERING,
    MessageEnvironment,
    parse_message,
    render_bounded,
)
from stamgast.domain.message_words import ALERT, CUSTOMER, EXAMPLE_LINK, LINKS, STAFF, WORDS
from stamgast.domain.recommendations import RECOMMENDED
from stamgast.domain.referrals import REFERRAL
from stamgast.domain.templates import Template as ProgramTemplate
from stamgast.domain.vocabulary import Channel

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
        self.filters |= OPERATORS


_NAMELESS: Final = _NamelessEnvironment()
_TRIED: Final = {
    CUSTOMER: {"first_name": "Noor", "name": "Noor de Vries"},
    "merchant": {"name": "Dok Noord"},
    "voucher": {
        "code": "06TN-K0NE-0E2P",
        "long_code": "6-2VTAVOAOCW2MQNTT",
        "name": "Een brood",
        "valid_until": "29/12/2026",
    },
    "card": {"stamps": "5", "size": "8", "missing": "3", "name": "Broodkaart", "expires_on": "29/12/2026"},
    LINKS: {"card": EXAMPLE_LINK},
    STAFF: {"name": "anna", "customer": "cewtfvhhjywenyds7hx5gexud"},
    ALERT: {"about": "win-back", "why": "4 van 100 zeiden STOP"},
    RECOMMENDED: {"name": "Boter", "sku": "BUTTER-250"},
    REFERRAL: {"code": "05K7P-M4XQ9"},
}
_NAMELESS_WORDS: Final = {CUSTOMER: dict.fromkeys(WORDS[CUSTOMER], "")}
_NO_TEMPLATE: Final = (SyntaxError, ValueError, OverflowError)
"""What Jinja2 and Python say of what reads like a template: loops in loops in loops, a number of 5,000 digits."""
_OF_VALUES: Final = (UndefinedError, ZeroDivisionError)
"""What goes wrong by what a word says: where a branch is tried that is not taken, it says nothing."""


class _Text:
    """A template, read once: what it asks for, and what becomes of it when it is tried.

    Raises `TemplateSyntaxError`.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        try:
            tree = parse_message(RENDERING, source)
            self.used = tuple(_words_of(tree))
            self._parts = _part_of_nothing(tree)
            self._branches = len(source) > _SURELY_SHORT or any(map(_works, tree.find_all((nodes.If, nodes.CondExpr))))
            self._code = RENDERING.compile(tree)  # what reads like a template may still not become one
        except RecursionError:
            raise TemplateSyntaxError("it is nested too deeply", 1) from None
        except _NO_TEMPLATE as error:
            raise TemplateSyntaxError(f"it cannot be compiled ({error})", 1) from None

    @cached_property
    def template(self) -> Template:
        """As messages are rendered."""
        return Template.from_code(RENDERING, self._code, {})

    @cached_property
    def printed_name(self) -> str:
        """See `prints_no_name`."""
        words = {thing: dict.fromkeys(names, "1") for thing, names in WORDS.items()}
        words[CUSTOMER] = dict.fromkeys(WORDS[CUSTOMER], _NO_NAME)
        try:
            text = render_bounded(Template.from_code(_NAMELESS, self._code, {}), words)
        except Exception:  # noqa: BLE001  a mistake of another kind, and noted as such
            return ""
        named = (f"{CUSTOMER}.{each}" for each in WORDS[CUSTOMER] if each in self._source)
        return next(named, CUSTOMER) if _SEEN in text else ""

    @cached_property
    def mistake(self) -> str:
        """See `mistake_in`."""
        if self._parts or not all(each.known for each in self.used):
            return self._parts
        strict = self.template
        if found := _tried(strict, _TRIED):
            return f"it cannot be rendered: {found}"
        if CUSTOMER in self._source and (found := _tried(strict, _TRIED | _NAMELESS_WORDS)):
            return f"it cannot be rendered for somebody who gave no name: {found}"
        return self._mistake_of_a_branch() if self._branches else ""

    def _mistake_of_a_branch(self) -> str:
        opened = _open_branches(self._source)
        for taken in _BRANCHES:
            if found := _tried(opened, {**_TRIED, **taken}, passing=_OF_VALUES):
                return f"a part of it cannot be rendered: {found}"
        return ""


_IF, _ELIF = "_taken", "_taken_else"
_BRANCHES: Final = ({_IF: True, _ELIF: True}, {_IF: False, _ELIF: False}, {_IF: False, _ELIF: True})
"""What every `if` is taken for, and every `elif`: so that each part is tried, whatever it waits for."""


_SURELY_SHORT: Final = 2_000
"""Characters of a template whose words cannot add up to more than a message may have."""
_PLAIN_PARTS: Final = (
    *(nodes.TemplateData, nodes.Output, nodes.Const, nodes.Name, nodes.Getattr),
    *(nodes.If, nodes.CondExpr),  # looked at by themselves
)


def _works(branch: nodes.Node) -> bool:
    """Whether what an `if` leads to does more than print text and words, of which nothing goes wrong."""
    return not all(map(_is_plain, branch.iter_child_nodes(exclude=("test",))))


def _is_plain(part: nodes.Node) -> bool:
    if isinstance(part, (nodes.If, nodes.CondExpr)):
        return True
    return isinstance(part, _PLAIN_PARTS) and all(map(_is_plain, part.iter_child_nodes()))


def _open_branches(source: str) -> Template:
    """The template with every branch as `_BRANCHES` says."""
    tree = parse_message(RENDERING, source)
    for either in tree.find_all(nodes.CondExpr):
        either.test = nodes.Name(_IF, "load", lineno=either.lineno)
    for choice in tree.find_all(nodes.If):
        choice.test = nodes.Name(_IF, "load", lineno=choice.lineno)
    for choice in tree.find_all(nodes.If):
        for other in choice.elif_:
            other.test = nodes.Name(_ELIF, "load", lineno=other.lineno)
    return RENDERING.from_string(tree)


def _tried(template: Template, words: Mapping[str, Any], passing: tuple[type[Exception], ...] = ()) -> str:
    try:
        render_bounded(template, words)
    except passing:
        return ""
    except Exception as error:  # noqa: BLE001  whatever an expression does wrong
        return str(error).rstrip(".") or type(error).__name__
    return ""


def _part_of_nothing(tree: nodes.Template) -> str:
    """What asks for a part of something that has none: only the things that messages speak of have any."""
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    if taken := sorted(own & WORDS.keys()):
        return f"`set {taken[0]}` takes the place of what messages speak of: choose another name"
    for access in tree.find_all(nodes.Getattr):
        if not isinstance(access.node, nodes.Name) or access.node.name in own:
            return f"`.{access.attr}` asks for a part of something that has none"
    return ""


def prints_no_name(source: str) -> str:
    """What a text prints in the place of a name that somebody never gave: empty if it has something to say instead.

    `source` has to be a template that messages can be written in; what asks for other words than there are prints
    nothing.
    """
    if CUSTOMER not in source:
        return ""
    try:
        return _text(source).printed_name
    except TemplateSyntaxError:
        return ""


def mistake_in(source: str) -> str:
    """Say what would go wrong when a message is made of it, though it reads like a template; empty if nothing would.

    It is tried: with words of the usual kind, without a name, and each of its branches. Raises as `used_words` does.
    """
    return _text(source).mistake


def compiled(source: str) -> Template:
    """The template of a text, as messages are rendered. Raises as `used_words` does."""
    return _text(source).template


def _text(source: str) -> _Text:
    # A text is asked about by the template and by each rule that sends it, and shops begin with the same ones.
    return _remembered(source) if len(source) < _MOST_REMEMBERED else _Text(source)


@lru_cache(maxsize=1_024)
def _remembered(source: str) -> _Text:
    return _Text(source)


def is_dotted(text: str) -> bool:
    """True for a bare word such as `voucher.code`: short for `{{ voucher.code }}`."""
    return _DOTTED.fullmatch(text) is not None


def used_words(source: str) -> Sequence[Used]:
    """Every word that the text asks for.

    Raises `jinja2.TemplateSyntaxError` for what is no template, and for what reads like one and cannot become one:
    it would be found out only when the message is due.
    """
    return _text(source).used


def speaks_of(template: ProgramTemplate, thing: str) -> bool:
    """Whether any of its wordings has a word of that thing, such as `voucher`."""
    texts = [text for channel in Channel for text in template.wordings(channel).values()]
    return any(_has(text, thing) for text in (*texts, *template.variables.values()))


def words_of(template: ProgramTemplate) -> frozenset[str]:
    """All that its texts for SMS speak of, such as `voucher.code`."""
    return frozenset(each.text for text in template.sms.values() for each in _used(text))


def _used(source: str) -> Sequence[Used]:
    try:
        return _read(source) if len(source) < _MOST_REMEMBERED else _said_in(source)
    except (TemplateSyntaxError, RecursionError, *_NO_TEMPLATE):
        return ()  # noted at the template itself


def _said_in(source: str) -> Sequence[Used]:
    """Its words alone: of a bundle that is in force nothing is tried, and compiling takes most of the time."""
    return tuple(_words_of(RENDERING.parse(source)))


@lru_cache(maxsize=1_024)
def _read(source: str) -> Sequence[Used]:
    return _said_in(source)


def _has(source: str, thing: str) -> bool:
    return thing in source and any(each.thing == thing for each in _used(source))


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


__all__ = [
    "ALL_WORDS",
    "TemplateSyntaxError",
    "Used",
    "is_dotted",
    "mistake_in",
    "prints_no_name",
    "used_words",
    "words_of",
]
