"""The part of Jinja2 that messages are written in: words, `if`, and filters that cannot make much out of little.

Whatever passes is rendered in a worker, where nothing can stop a thread. So there is nothing here that repeats or
multiplies (loops, calls, `*`, `%` on text, padding, `round` to a million places), there is an end to how many filters
work on how long a text, and while a message is rendered it is watched how long its texts become (`TooMuchError`): a
rendering takes some milliseconds and some megabytes at most (ADR 102).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.filters import FILTERS as ALL_FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from stamgast.domain.spelling import nearest

LONGEST_WORKED_ON: Final = 2_000
"""Characters of a text in quotes, and of whatever is made of texts: a message has 1,600."""
LONGEST_SOURCE: Final = 20_000
"""Characters of a template that are read for a message: twice what files may have (`rules.bounds.LONGEST_TEXT`), for
those that were published before there was a bound."""
LONGEST_RENDERED: Final = 10_000
"""Characters that are made of a template before it is found out whether they fit into a message."""
MOST_FILTERS: Final = 50
"""Of one text."""
MOST_FILTERS_IN_A_ROW: Final = 10
"""One upon another: the compiler takes the square of their number."""
MOST_PARTS: Final = 1_000
"""Words, numbers, texts, operators, filters and branches of one text."""
MOST_NESTED: Final = 20
"""Words, operators, brackets and branches in each other: the compiler takes more than the square of their number."""
MOST_PLACES: Final = 15
"""That `round` rounds to, on either side of the point: the figure is raised to a power of ten."""
LONGEST_NUMBER: Final = 40
"""Characters that `int` reads: in a base of its own it takes the square of their number."""
_NAMES: Final = (
    "abs capitalize count d default first float int last length lower replace round string title trim truncate upper"
)
_HARMLESS: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Name),
    *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Const, nodes.List, nodes.Tuple, nodes.Filter, nodes.Keyword),
    *(nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Mod),
)
_SAID: Final[dict[type[nodes.Node], str]] = {
    nodes.For: "a message has no loops: it has nothing to go through",
    nodes.Mul: "a message cannot multiply (* and **)",
    nodes.Pow: "a message cannot multiply (* and **)",
    nodes.Call: "a message cannot call anything; a filter may do it, as in {{ customer.first_name | upper }}",
    nodes.AssignBlock: "`set` gives a name of its own a text or a number, as in {% set greeting = 'Hello' %}",
}


_PLAIN: Final = Environment(undefined=StrictUndefined)  # noqa: S701  no markup
"""For filters that ask how to shorten, and what there is in the place of nothing."""


class TooMuchError(ValueError):
    """A message takes more than a message may take: its text became too long while it was made."""


class NotAllowedError(TemplateSyntaxError):
    """Jinja2 would take it, and messages may not hold it: it could take more than a message may."""


def _held(made: Any) -> Any:
    if isinstance(made, str) and len(made) > LONGEST_WORKED_ON:
        raise TooMuchError(f"it makes a text of more than {LONGEST_WORKED_ON:,} characters")
    return made


def _holding(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that neither works on texts that are too long nor makes any."""
    plain = partial(work, _PLAIN) if getattr(work, "jinja_pass_arg", None) else work

    def filtered(value: Any, *args: Any, **kwargs: Any) -> Any:
        return _held(plain(_held(value), *args, **kwargs))

    return filtered


def _joined(parts: Iterable[Any]) -> str:
    """What `~` does, no further than texts may go."""
    whole = ""
    for part in parts:
        whole = _held(whole + str(part))
    return whole


def _replace(text: object, old: str, new: str, count: int = -1) -> str:
    whole = str(text)
    times = whole.count(str(old)) if count < 0 else min(count, whole.count(str(old)))
    if len(whole) + times * (len(str(new)) - len(str(old))) > LONGEST_WORKED_ON:
        raise TooMuchError(f"replace makes more than {LONGEST_WORKED_ON:,} characters")
    return whole.replace(str(old), str(new), count)


def _round(value: Any, precision: Any = 0, method: str = "common") -> Any:
    if not (isinstance(precision, int) and abs(precision) <= MOST_PLACES):
        raise ValueError(f"round takes {MOST_PLACES} places at most")
    return ALL_FILTERS["round"](value, precision, method)


def _int(value: Any, default: Any = 0, base: int = 10) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_NUMBER:
        raise ValueError(f"int reads {LONGEST_NUMBER} characters at most")
    return ALL_FILTERS["int"](value, default, base)


_WORK: Final = {name: ALL_FILTERS[name] for name in _NAMES.split()} | {
    "replace": _replace,
    "round": _round,
    "int": _int,
}
FILTERS: Final[dict[str, Callable[..., Any]]] = {name: _holding(work) for name, work in _WORK.items()}
"""What may stand after `|`."""
_JOINED: Final = "~"
"""As what `~` is compiled; nobody can write it after `|`."""
OPERATORS: Final[Mapping[str, Callable[..., Any]]] = {_JOINED: _joined}
"""What is compiled as a filter, and is none."""


class MessageEnvironment(ImmutableSandboxedEnvironment):
    """Compiles what `parse_message` lets through."""

    intercepted_binops = frozenset({"%", "+"})

    def __init__(self, **options: Any) -> None:
        super().__init__(autoescape=False, **options)  # plain text: escaping would put "&amp;" on people's phones
        self.filters, self.globals = {**FILTERS, **OPERATORS}, {}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """`%` is the remainder of a division, and never a format; `+` makes no long texts. Raises TypeError."""
        if operator == "+":
            return _held(super().call_binop(context, operator, left, right))
        if not (isinstance(left, int | float | Undefined) and isinstance(right, int | float | Undefined)):
            raise TypeError("% takes numbers")
        return super().call_binop(context, operator, left, right)


RENDERING: Final = MessageEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
"""What messages are filled in with: an unknown variable is an error, never an empty space."""


def parse_message(environment: Environment, source: str) -> nodes.Template:
    """Read a template. Raises `TemplateSyntaxError` for what is none, and for what messages may not hold."""
    tree = environment.parse(source)
    refuse_what_repeats(tree)
    joined: nodes.Template = _Joining().visit(tree)
    return joined.set_environment(environment)  # type: ignore[return-value]


class _Joining(NodeTransformer):
    """Puts what joins texts up to a bound in the place of `~`, which knows none."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  as jinja calls it
        """Make a filter of it."""
        self.generic_visit(node)
        parts = nodes.Tuple(node.nodes, "load", lineno=node.lineno)
        return nodes.Filter(parts, _JOINED, [], [], None, None, lineno=node.lineno)


def compile_message(environment: Environment, source: str) -> Template:
    """Compile a template for rendering. Raises as `parse_message` does."""
    return environment.from_string(parse_message(environment, source))


def render_bounded(template: Template, words: Mapping[str, Any]) -> str:
    """Fill a compiled template in. Raises `TooMuchError` as soon as its text is too long, and as it renders."""
    pieces, length = [], 0
    for piece in template.generate(words):
        length += len(piece)
        if length > LONGEST_RENDERED:
            raise TooMuchError(f"it makes more than {LONGEST_RENDERED:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def refuse_what_repeats(tree: nodes.Template) -> None:
    """Raise `NotAllowedError` for the first thing that messages may not hold."""
    _hold_to_bounds(tree)
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            near = nearest(node.name, FILTERS)
            hint = f"; did you mean `{near}`?" if near else ""
            known = ", ".join(sorted(FILTERS))
            raise NotAllowedError(f"no filter `{node.name}` in messages{hint} (there are {known})", node.lineno)
        if isinstance(node, nodes.Mod) and isinstance(node.left, nodes.Const) and isinstance(node.left.value, str):
            raise NotAllowedError("% is the remainder of a division, and takes numbers", node.lineno)
        if isinstance(node, nodes.Assign):
            if isinstance(node.node, nodes.Const) and isinstance(node.target, nodes.Name):
                continue
            raise NotAllowedError(_SAID[nodes.AssignBlock], node.lineno)
        if not isinstance(node, _HARMLESS):
            said = _SAID.get(
                type(node), f"a message holds no `{type(node).__name__.lower()}`: only words, `if` and filters"
            )
            raise NotAllowedError(said, node.lineno)


def _hold_to_bounds(tree: nodes.Template) -> None:
    parts, filters, line = 0, 0, 1
    for node in tree.find_all(nodes.Node):
        line = node.lineno or line  # operands have none
        parts += not isinstance(node, nodes.Output | nodes.TemplateData)
        if isinstance(node, nodes.Const) and isinstance(node.value, str) and len(node.value) > LONGEST_WORKED_ON:
            raise NotAllowedError(f"a text in quotes has {LONGEST_WORKED_ON:,} characters at most", node.lineno)
        if isinstance(node, nodes.Filter):
            filters += 1
            if _in_a_row(node) > MOST_FILTERS_IN_A_ROW:
                raise NotAllowedError(f"{MOST_FILTERS_IN_A_ROW} filters in a row are the most", node.lineno)
        if filters > MOST_FILTERS or parts > MOST_PARTS:
            most = (
                f"{MOST_FILTERS} filters" if filters > MOST_FILTERS else f"{MOST_PARTS:,} words, numbers and branches"
            )
            raise NotAllowedError(f"a message has {most} at most", line)
    _hold_to_depth(tree)


def _hold_to_depth(tree: nodes.Template) -> None:
    around: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while around:
        node, depth = around.pop()
        depth += isinstance(node, nodes.Expr | nodes.If)
        if depth > MOST_NESTED:
            raise NotAllowedError(
                f"{MOST_NESTED} words, operators and branches in each other are the most", node.lineno
            )
        around += [(each, depth) for each in node.iter_child_nodes()]


def _in_a_row(node: nodes.Node | None) -> int:
    """How many filters stand one upon another here, counted as far as matters."""
    count = 0
    while isinstance(node, nodes.Filter) and count <= MOST_FILTERS_IN_A_ROW:
        count, node = count + 1, node.node
    return count
