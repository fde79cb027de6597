"""Conditions on how long ago something was: the last visit, joining, the beginning."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import bounded, of_view, read_bounds
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DAYS, bounds
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.words import parse_days
from stamgast.domain.awaited import FIRST_VISIT, JOINED, begins_on
from stamgast.domain.days import spot_of
from stamgast.domain.units import Day

Since = Callable[[View], Day | None]


def show_days(days: int) -> str:
    """`1 day`, `30 days`."""
    return f"{days} day" if days == 1 else f"{days} days"


class _AgoCondition(ConditionWord):
    """How long ago something was, in days."""

    def ago(self, node: Node, context: Context, said: str, since: Since) -> Condition | None:
        """Bounds in days since then; unknown where it never was."""
        found = read_bounds(
            node, self.name, context, lambda value, where: context.reader.word(value, where, parse_days)
        )
        if found is None:
            return None

        def days(view: View) -> int | None:
            day = since(view)
            return None if day is None else view.local.day - day

        return of_view(bounded(said, found, show_days), days, found, show_days)

    def schema(self) -> Schema:
        """At least one bound."""
        return bounds(DAYS)


@CONDITIONS.add
class LastVisitCondition(_AgoCondition):
    """How long ago the customer's last visit was. Beside a purchase it is the visit before that one.

    Unknown, and so not met, for who has not been there before.

    Example::

        if:
          - last_visit: {at_least: 30 days, at_most: 90 days}
    """

    name = "last_visit"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het laatste bezoek {value} geleden is",
        "fr": "la dernière visite remonte à {value}",
        "de": "der letzte Besuch {value} her ist",
        "en": "the last visit was {value} ago",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds in days."""
        return self.ago(node, context, "last visit", last_visit)


def last_visit(view: View) -> Day | None:
    """The day of the last visit, not counting that of a purchase at hand."""
    customer = view.customer
    if not customer.visits:
        return None
    if view.fact.purchase is None:
        return customer.last_day
    today = view.local.day
    return spot_of(customer.days, customer.last_day, today).before


@CONDITIONS.add
class AgeCondition(_AgoCondition):
    """How long somebody has been a customer: since they joined or first came, whichever was first.

    Example::

        if:
          - age: {less_than: 90 days}
    """

    name = "age"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het eerste bezoek {value} geleden is",
        "fr": "la première visite remonte à {value}",
        "de": "der erste Besuch {value} her ist",
        "en": "the first visit was {value} ago",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds in days."""
        return self.ago(node, context, "a customer for", _beginning)


def _beginning(view: View) -> Day | None:
    found = [begins_on(of, view.customer, view.program) for of in (JOINED, FIRST_VISIT)]
    return min((day for day in found if day is not None), default=None)


@CONDITIONS.add
class JoinedCondition(_AgoCondition):
    """Whether the customer has joined (`true` or `false`), or how long ago that was.

    Who is known by their purchases alone has not joined.

    Example::

        if:
          - joined: {at_least: 30 days}
    """

    name = "joined"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de aanmelding {value} geleden is",
        "fr": "l'inscription remonte à {value}",
        "de": "die Anmeldung {value} her ist",
        "en": "joining was {value} ago",
    }
    says_whether: ClassVar[Mapping[bool, Mapping[str, str]]] = {
        True: {
            "nl": "de klant zich heeft aangemeld",
            "fr": "le client s'est inscrit",
            "de": "der Kunde sich angemeldet hat",
            "en": "the customer has joined",
        },
        False: {
            "nl": "de klant zich niet heeft aangemeld",
            "fr": "le client ne s'est pas inscrit",
            "de": "der Kunde sich nicht angemeldet hat",
            "en": "the customer has not joined",
        },
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """True, false, or bounds in days."""
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return _HAS if node.value else _HAS_NOT
        return self.ago(node, context, "joined", _joined)

    def schema(self) -> Schema:
        """True, false, or bounds."""
        return {"anyOf": [{"type": "boolean"}, bounds(DAYS)]}


def _joined(view: View) -> Day | None:
    return begins_on(JOINED, view.customer, view.program)


def _said(view: View) -> str:
    return "joined" if view.customer.joined_at else "not joined"


_HAS: Final = Condition("has joined", lambda view: bool(view.customer.joined_at), _said)
_HAS_NOT: Final = Condition("has not joined", lambda view: not view.customer.joined_at, _said)
