"""`alerts:` of program.yaml: who of the staff hears what of the shop itself.

`alerts: {rule_paused: {to: [anna]}, budget_spent: false, segment_fell: {template: segment_fell}}`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.program.messages import Texts, read_messaging, read_templates
from rules.program.questions import read_questions
from rules.program.staff import read_staff
from rules.program.template_check import words_of
from rules.program.topics import read_topics
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from stamgast.domain.alerts import Alert, AlertKind
from stamgast.domain.message_words import IN_ALERTS
from stamgast.domain.program import Messaging, Staff
from stamgast.domain.questions import Question
from stamgast.domain.templates import Template
from stamgast.domain.topics import Topic
from stamgast.domain.vocabulary import Channel, Purpose

WORDS: Final = ("to", "template")
NAMED: Final = frozenset({AlertKind.MONTH_REPORT})
"""Nobody hears of these whom the shop has not named: they tell what it sold."""
ONLY: Final = "only"
"""A word of `segment_fell`: tags and sources are many."""


class Messages(NamedTuple):
    """What a programme says of messages, and who of the staff hears what of the shop itself."""

    templates: Mapping[str, Template]
    messaging: Messaging
    staff: Mapping[str, Staff]
    alerts: Mapping[AlertKind, Alert]
    questions: Mapping[str, Question]
    topics: Mapping[str, Topic]


@dataclass(frozen=True, slots=True)
class Told:
    """What of the programme alerts need: people, words, and who sends."""

    staff: Mapping[str, Staff]
    templates: Mapping[str, Template]
    messaging: Messaging

    @property
    def by_sms(self) -> bool:
        """Whether an SMS can go to them."""
        return bool(self.messaging.senders.get(Channel.SMS))


def read_messages(
    reader: Reader,
    found: Mapping[str, Node],
    languages: tuple[str, ...],
    texts: Texts,
    people: Sequence[tuple[str, ScalarNode, Node]],
) -> Messages:
    """Read `templates`, `messaging`, `staff` (whose entries are `people`), `alerts`, `questions` and `topics`."""
    staff = read_staff(reader, people, languages)
    templates = read_templates(reader, found.get("templates"), languages, texts)
    messaging = read_messaging(reader, found.get("messaging"))
    alerts = read_alerts(reader, found.get("alerts"), Told(staff, templates, messaging))
    questions = read_questions(reader, found.get("questions"), templates, languages)
    topics = read_topics(reader, found.get("topics"), languages, templates)
    return Messages(templates, messaging, staff, alerts, questions, topics)


def read_alerts(reader: Reader, node: Node | None, told: Told) -> dict[AlertKind, Alert]:
    """Read who hears of each kind: all staff of all of them, where nothing is said; but for what is the owner's."""
    usual = [kind for kind in AlertKind if kind not in NAMED]
    alerts = {kind: Alert(tuple(told.staff)) for kind in usual} if told.staff and told.by_sms else {}
    if node is None:
        return alerts
    if _is_truth(node):
        return _none_at_all(reader, node)
    if not told.staff:
        reader.problem(node, "program.yaml names no staff", 'Add `staff: {anna: {phone: "+31612345678"}}`.')
        return alerts
    if not told.by_sms:
        reader.problem(node, "staff are told by SMS, and `messaging` names no `sms_sender`")
    for key, value in reader.entries(node, "alerts", tuple(AlertKind), elsewhere=_of_a_kind):
        kind = AlertKind(key.text)
        alert = _alert(reader, kind, value, told)
        if alert is None:
            alerts.pop(kind, None)
        elif told.by_sms:
            alerts[kind] = alert
    return alerts


def _of_a_kind(word: str) -> str:
    """Where `to` and its like belong."""
    return f"Write it under what happened, such as `{AlertKind.RULE_PAUSED}: {{to: [anna]}}`." if word in WORDS else ""


def _is_truth(node: Node) -> bool:
    return isinstance(node, ScalarNode) and isinstance(node.value, bool)


def _none_at_all(reader: Reader, node: Node) -> dict[AlertKind, Alert]:
    if reader.truth(node, "alerts"):
        reader.problem(node, "`alerts: true` says what is so where nothing is said", "Leave it out.")
    return {}


def _alert(reader: Reader, kind: AlertKind, node: Node, told: Told) -> Alert | None:
    """Who hears of it; None: nobody."""
    if _is_truth(node):
        if reader.truth(node, kind) and kind in NAMED:
            reader.problem(node, f"`{kind}: true` names nobody", f"Write `{kind}: {{to: [{next(iter(told.staff))}]}}`.")
        elif reader.truth(node, kind):
            reader.problem(node, f"`{kind}: true` says what is so where nothing is said", "Leave it out.")
        return None
    with reader.showing(f"{kind}: {{to: [{next(iter(told.staff), 'anna')}]}}` or `{kind}: false"):
        words = (*WORDS, ONLY) if kind is AlertKind.SEGMENT_FELL else WORDS
        found = reader.mapping(node, f"alerts: {kind}", words)
    to = tuple(told.staff)
    if "to" not in found and kind in NAMED:
        reader.problem(node, f"`{kind}` says not who hears of it", f"Add `to: [{next(iter(told.staff))}]`.")
    if "to" in found:
        to = reader.some_of(found["to"], "to", tuple(told.staff), thing="member of staff")
    template = reader.known(found["template"], "template", told.templates, "template") if "template" in found else ""
    if template and template in told.templates:
        _check(reader, found["template"], told.templates[template])
    only = reader.texts(found[ONLY], ONLY) if ONLY in found else ()
    return Alert(to, template or "", frozenset(only))


def _check(reader: Reader, node: Node, template: Template) -> None:
    if template.purpose != Purpose.UTILITY:
        hint = f"Write `purpose: utility` at templates: {template.id}."
        reader.problem(node, "what staff are told is no marketing", hint)
    if not template.sms:
        reader.problem(node, f"the template {template.id} has no SMS", "Staff are told by SMS.")
    for word in sorted(words_of(template) - IN_ALERTS):
        hint = suggest(word, sorted(IN_ALERTS))
        reader.problem(node, f"an alert has no words of `{word}`, and the template {template.id} says it", hint)
