"""Conditions on the customer's running figures: visits, spend."""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import ClassVar, Final

from rules.engine import Condition, Test, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import COUNT, MONEY, SPAN, bounds
from rules.probes import Look, Within
from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode, kind_of
from rules.yaml.words import parse_span
from stamgast.domain.calendar import business_day
from stamgast.domain.currencies import format_money
from stamgast.domain.days import days_since
from stamgast.domain.kept import Kept
from stamgast.domain.spans import Span
from stamgast.domain.spending import spent
from stamgast.domain.units import Day

Show = Callable[[int], str]

BOUNDS = {"at_least": "at least", "at_most": "at most", "more_than": "more than", "less_than": "less than"}
_NUMBER: Final = re.compile(r"[0-9](?:[0-9.,]*[0-9])?")
_UNIT: Final = re.compile(r"(?<=[0-9]) ?(%|(?:day|week|month|year)s?\b|[A-Z]{3}\b)")
_DIRECTIONS: Final = {
    "at_least": r">=|≥|at least|minste|au moins|mindestens|or more|of meer|et plus|oder mehr",
    "at_most": r"<=|≤|at most|max|hoogste|au plus|höchstens|up to|or less|of minder",
    "more_than": r">|\bover\b|more|above|meer|boven|plus de|mehr|über",
    "less_than": r"<|under|less|below|fewer|minder|onder|moins|weniger|unter",
}
"""Bound -> how people say it; the first one that is found is meant."""
BOUNDS_HINT = "Write it as {at_least: …}; also at_most, more_than, less_than."
_RANGES: Final = frozenset({"between", "range", "from", "to", "tussen", "entre", "zwischen", "bereik"})


def read_bounds(
    node: Node, name: str, context: Context, read: Callable[[Node, str], int | None], besides: tuple[str, ...] = ()
) -> dict[str, int] | None:
    """`{at_least: …, less_than: …}` as word -> number; None when problems were noted.

    `besides` are words that may stand with them and are read by somebody else.
    """
    reader = context.reader
    found: dict[str, int] = {}
    if not isinstance(node, MapNode):
        reader.problem(node, f"`{name}` needs a bound, not {kind_of(node)}", _meant(node))
        return None
    said = reader.entries(node, name, (*BOUNDS, *besides), elsewhere=lambda key: _meant_range(node, key))
    entries = [(key, value) for key, value in said if key.text not in besides]
    for key, value in entries:
        number = read(value, f"{name}: {key.text}")
        if number is not None:
            found[key.text] = number
    if not entries and not any(key.text not in besides for key, _ in node.entries):
        reader.problem(node, f"`{name}` needs a bound", BOUNDS_HINT)
    if not entries or len(found) < len(entries):
        return None
    low, high = lowest(found), highest(found)
    if low > high:
        reader.problem(node, f"`{name}`: no number is within both bounds", "The lower bound lies above the upper one.")
        return None
    return found


def _meant(node: Node) -> str:
    """Which bounds somebody means by a number, by two, or by words around them."""
    items = node.items if isinstance(node, ListNode) else (node,)
    text = " - ".join(item.text for item in items if isinstance(item, ScalarNode))
    numbers, unit = _NUMBER.findall(text), _UNIT.search(text)
    behind = "" if unit is None else unit[1] if unit[1] == "%" else f" {unit[1]}"
    if len(numbers) == len(("at_least", "at_most")):
        return f"Write it as {{at_least: {numbers[0]}{behind}, at_most: {numbers[1]}{behind}}}."
    if len(numbers) != 1:
        return BOUNDS_HINT
    bound = next((word for word, said in _DIRECTIONS.items() if re.search(said, text.casefold())), "at_least")
    others = ", ".join(word for word in ("at_least", "at_most", "more_than", "less_than") if word != bound)
    return f"Write it as {{{bound}: {numbers[0]}{behind}}}; also {others}."


def _meant_range(node: MapNode, word: str) -> str:
    """What stands for `between` and its like: two bounds."""
    if word.casefold() not in _RANGES:
        return ""
    two = [each for key, each in node.entries if key.text.casefold() in _RANGES]
    items = [item for each in two for item in (each.items if isinstance(each, ListNode) else (each,))]
    return _meant(ListNode(tuple(items), node.mark))


def lowest(found: dict[str, int]) -> int:
    """The smallest whole number within the bounds."""
    return max(found.get("at_least", -(10**18)), found.get("more_than", -(10**18)) + 1)


def highest(found: dict[str, int]) -> int:
    """The largest whole number within the bounds."""
    return min(found.get("at_most", 10**18), found.get("less_than", 10**18) - 1)


def within(name: str, attribute: str, found: dict[str, int], show: Show) -> Condition:
    """A condition that a figure of the customer's lies within bounds."""
    low, high = lowest(found), highest(found)
    figure: Look = attrgetter(f"customer.{attribute}")

    def test(view: View) -> bool:
        held: bool = low <= figure(view) <= high
        return held

    text = " and ".join(f"{BOUNDS[word]} {show(number)}" for word, number in found.items())
    found_now = lambda view: show(figure(view))  # noqa: E731 - a closure like the test beside it
    probe = Within(attribute, figure, low, high)
    return Condition(f"{name} {text}", _faster(figure, found, test), found_now, figure=name, most=high, probe=probe)


def _faster(figure: Look, found: dict[str, int], test: Test) -> Test:
    """Most conditions have one bound: spare them the second comparison."""
    if set(found) == {"at_least"}:
        least = found["at_least"]
        return lambda view: bool(figure(view) >= least)
    return test


def bounded(name: str, found: dict[str, int], show: Show) -> str:
    """`visits at least 3 and less than 5`."""
    return f"{name} {' and '.join(f'{BOUNDS[word]} {show(number)}' for word, number in found.items())}"


def of_view(
    text: str, figure: Callable[[View], int | None], found: dict[str, int], show: Show, about: Hashable = None
) -> Condition:
    """A condition that something of a view lies within bounds; unknown where it is None.

    What has one name for what it is `about` has one figure; without a name the figure itself is that.
    """
    low, high = lowest(found), highest(found)

    def test(view: View) -> bool | None:
        value = figure(view)
        return None if value is None else low <= value <= high

    def found_now(view: View) -> str:
        value = figure(view)
        return "unknown" if value is None else show(value)

    return Condition(text, test, found_now, probe=Within(figure if about is None else about, figure, low, high))


def read_span(node: Node, context: Context) -> tuple[Span | None, bool]:
    """What stands after `in`, if it is there; false when a problem was noted."""
    entries = {key.text: value for key, value in node.entries} if isinstance(node, MapNode) else {}
    if IN not in entries:
        return None, True
    span = context.reader.word(entries[IN], IN, parse_span)
    return span, span is not None


def with_span(schema: Schema) -> Schema:
    """A schema of bounds that `in` may stand beside."""
    return schema | {"properties": schema["properties"] | {IN: SPAN}}


def within_span(
    name: str, span: Span, figure: Callable[[View], int | None], found: dict[str, int], show: Show
) -> Condition:
    """A condition that what came together within a span of time lies within bounds."""
    return of_view(f"{bounded(name, found, show)} in {span.text}", figure, found, show, (name, span))


def today(view: View) -> Day:
    """The day of the recorded time on the merchant's clock: spans of time end with it."""
    return business_day(view.at, view.program.time_zone)


def spent_in(view: View, span: Span) -> int | None:
    """What they spent within a span; unknown before the state was asked to keep it."""
    customer = view.customer
    return None if customer.spending is None and customer.purchases else spent(customer, span, today(view))


def visits_in(view: View, span: Span) -> int:
    """On how many days of a span they came."""
    since = span.since(today(view))
    return len(days_since(view.customer.days, view.customer.last_day, since))


IN: Final = "in"


@CONDITIONS.add
class VisitsCondition(ConditionWord):
    """How many days the customer came, this time included; `in: 90 days` counts the last ninety, today included.

    Example::

        if:
          - visits: {at_least: 3, in: 90 days}
    """

    name = "visits"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant {value} keer kwam",
        "fr": "le client est venu {value} fois",
        "de": "der Kunde {value} Mal da war",
        "en": "the customer came {value} times",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds in visits."""
        span, good = read_span(node, context)
        found = read_bounds(
            node, self.name, context, lambda value, where: context.reader.integer(value, where, 0, 1_000_000), (IN,)
        )
        if found is None or not good:
            return None
        if span is None:
            return within(self.name, "visits", found, str)
        return within_span(self.name, span, lambda view: visits_in(view, span), found, str)

    def schema(self) -> Schema:
        """At least one bound, and a span of time."""
        return with_span(bounds(COUNT))


@CONDITIONS.add
class SpendCondition(ConditionWord):
    """All that the customer has spent, refunds taken off; `in: 12 months` counts the last twelve, today included.

    Example::

        if:
          - spend: {at_least: 50 EUR, less_than: 500 EUR}
          - spend: {at_least: 100 EUR, in: 12 months}
    """

    name = "spend"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant {value} besteedde",
        "fr": "le client a dépensé {value}",
        "de": "der Kunde {value} ausgegeben hat",
        "en": "the customer spent {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds in the programme's currency."""
        currency = context.program.currency
        span, good = read_span(node, context)
        found = read_bounds(
            node, self.name, context, lambda value, where: context.reader.money(value, where, currency), (IN,)
        )
        if found is None or not good:
            return None
        show: Show = lambda minor: format_money(minor, currency)  # noqa: E731 - a closure like those beside it
        if span is None:
            return within(self.name, "spend", found, show)
        spends = within_span(self.name, span, lambda view: spent_in(view, span), found, show)
        return replace(spends, kept=Kept(spend_days=span.longest))

    def schema(self) -> Schema:
        """At least one bound, and a span of time."""
        return with_span(bounds(MONEY))
