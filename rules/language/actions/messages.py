"""Messages to customers, and the time that passes before them."""

import re
from collections.abc import Mapping
from typing import ClassVar

from rules.actions import Action, Send, Unless, Variant, Wait
from rules.bounds import MOST_UNLESS, MOST_VARIANTS, hold_to
from rules.engine import CompiledTrigger
from rules.language.actions import ACTIONS, ActionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DURATION, TEXT, choice, one_or_more
from rules.language.triggers import read_trigger
from rules.program.template_check import speaks_of
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_delay
from stamgast.domain.delays import Delay
from stamgast.domain.message_words import ALERT, STAFF
from stamgast.domain.vocabulary import Channel

CHANNELS = tuple(each.value for each in Channel)
"""Plain words: decisions put them together with others for each event."""
A_TRIGGER: Schema = {"$ref": "#/$defs/trigger"}
VARIANT = re.compile(r"[a-z][a-z0-9_]{0,15}")
"""How a variant is named."""


@ACTIONS.add
class SendAction(ActionWord):
    """Send a template over the first of these channels that the customer agreed to and can be reached on.

    `after` counts from what the rule fired for, in days of the shop's calendar or in hours; `unless` calls the message
    off when a trigger comes true meanwhile. Whether it may go (consent, caps, hours) is asked when its time has come. A
    refund of what it was for, a STOP and the end of the rule call it off as well. Between variants customers are
    split evenly, each of them for good.

    Example::

        then:
          - send: free_loaf
            by: [whatsapp, sms]
          - send: hello
            after: 3 days
            unless: purchase
          - send: {a: hello, b: free_loaf}
    """

    name = "send"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "stuur het bericht {value}",
        "fr": "envoyer le message {value}",
        "de": "die Nachricht {value} senden",
        "en": "send the message {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {
        "by": one_or_more(choice(CHANNELS)),
        "after": DURATION,
        "unless": one_or_more(A_TRIGGER),
    }

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A template, or several under the names of variants; `by` defaults to the channels it is written for."""
        channels: tuple[str, ...] = ()
        if "by" in options:
            channels = context.reader.some_of(options["by"], "by", CHANNELS, thing="channel")
        after = read_delay(options["after"], "after", context) if "after" in options else None
        unless = read_unless(options["unless"], context) if "unless" in options else ()
        if "unless" in options and "after" not in options:
            hint = "Add `after: 3 days`, or put it beside a `wait`."
            context.reader.problem(options["unless"], "`unless` calls off what waits, and this is sent at once", hint)
        variants = self._variants(node, channels, context)
        if not variants or ("by" in options and not channels):
            return None
        first = variants[0]
        of_voucher = any(speaks_of(context.program.templates[each.template], "voucher") for each in variants)
        others = variants if isinstance(node, MapNode) else ()
        return Send(first.template, first.by, after, unless, others, of_voucher)

    def _variants(self, node: Node, by: tuple[str, ...], context: Context) -> tuple[Variant, ...]:
        """One without a name where a template stands alone; none when problems were noted."""
        if not isinstance(node, MapNode):
            only = self._variant("", node, by, context)
            return () if only is None else (only,)
        hold_to(context.reader, node, "variants of a message", len(node.entries), MOST_VARIANTS)
        found = [self._variant(key.text, value, by, context) for key, value in node.entries]
        for key, _ in node.entries:
            if not VARIANT.fullmatch(key.text):
                hint = "Use a short word of small letters, such as a, b or short."
                context.reader.problem(key, f'"{key.text}" cannot be the name of a variant', hint)
        if len(found) == 1:
            context.reader.problem(node, "one variant alone is compared with nothing", "Write `send: {a: …, b: …}`.")
        good = tuple(each for each in found if each is not None)
        if len(good) > len({each.template for each in good}):
            hint = "Write another message for one of them: there is nothing to compare."
            context.reader.problem(node, "two variants are the same message", hint, warning=True)
        return good if len(good) == len(found) else ()

    def _variant(self, name: str, node: Node, by: tuple[str, ...], context: Context) -> Variant | None:
        where = f"{self.name}: {name}" if name else self.name
        template = context.reader.known(node, where, context.program.templates, "template")
        if template is None:
            return None
        written = context.program.templates[template]
        word = next((each for each in (STAFF, ALERT) if speaks_of(written, each)), "")
        if word:
            hint = f"`notify: {template}` tells staff; customers have no words of `{word}`."
            context.reader.problem(node, f"the template {template} is for staff", hint)
        return Variant(name, template, by or tuple(each.value for each in Channel if written.is_meant_for(each)))

    def schema(self) -> Schema:
        """A template's id, or one for each variant."""
        names = {"type": "object", "propertyNames": {"pattern": f"^{VARIANT.pattern}$"}}
        return {"anyOf": [TEXT, names | {"additionalProperties": TEXT, "minProperties": 2}]}


@ACTIONS.add
class AskAction(ActionWord):
    """Ask a question of program.yaml's `questions`: send its template, and take the next reply that fits as the answer.

    One question is open at a time, until it is answered or closes; another one is withheld meanwhile, and one that
    was asked within its `again_after`. The answer sets off `answered`. It is a message like any other: `by` and the
    rule's limits and timing hold.

    Example::

        then:
          - ask: visit
            by: [whatsapp, sms]
    """

    name = "ask"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "stel de vraag {value}",
        "fr": "poser la question {value}",
        "de": "die Frage {value} stellen",
        "en": "ask the question {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {"by": one_or_more(choice(CHANNELS)), "after": DURATION}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A question; `by` defaults to the channels its template is written for."""
        name = context.reader.known(node, self.name, context.program.questions, "question")
        by = context.reader.some_of(options["by"], "by", CHANNELS, thing="channel") if "by" in options else ()
        after = read_delay(options["after"], "after", context) if "after" in options else None
        if name is None or ("by" in options and not by):
            return None
        template = context.program.templates[context.program.questions[name].template]
        written = tuple(each.value for each in Channel if template.wordings(each))
        return Send(template.id, by or written, after, of_voucher=speaks_of(template, "voucher"))

    def schema(self) -> Schema:
        """A question's id."""
        return TEXT


@ACTIONS.add
class WaitAction(ActionWord):
    """Let time pass: whatever stands below it happens that much later, rewards included.

    It counts from what the rule fired for, as `after` does, and a second one counts on from the first. An offer is
    made if its message may go then; what was earned is given in any case.

    Example::

        then:
          - send: hello
          - wait: 3 days
            unless: purchase
          - give: free_loaf
          - send: free_loaf
    """

    name = "wait"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "wacht dan {value}",
        "fr": "attendre {value}",
        "de": "dann {value} warten",
        "en": "then wait {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {"unless": one_or_more(A_TRIGGER)}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A length of time."""
        unless = read_unless(options["unless"], context) if "unless" in options else ()
        delay = read_delay(node, self.name, context)
        return None if delay is None else Wait(delay, unless)

    def schema(self) -> Schema:
        """A length of time."""
        return DURATION


def read_delay(node: Node, where: str, context: Context) -> Delay | None:
    """A length of time that is one."""
    delay = context.reader.word(node, where, parse_delay)
    if delay is not None and not any(delay):
        hint = "What happens at once needs no such word; else such as 3 days."
        context.reader.problem(node, f"`{where}` must be longer than zero", hint)
        return None
    return delay


def read_unless(node: Node, context: Context) -> tuple[Unless, ...]:
    """Triggers that call off what waits."""
    items = context.reader.items(node, "unless")
    hold_to(context.reader, node, "triggers after `unless`", len(items), MOST_UNLESS)
    found = [(item, read_trigger(item, context, "unless")) for item in items]
    return tuple(_unless(each) for item, each in found if each is not None and _may_call_off(item, each, context))


def _may_call_off(node: Node, trigger: CompiledTrigger, context: Context) -> bool:
    if trigger.segment is None and trigger.schedule is None:
        return True
    hint = "What waits is called off by something that a customer does, such as `unless: purchase`."
    context.reader.problem(node, f"`unless` does not wait for `{trigger.name}`", hint)
    return False


def _unless(trigger: CompiledTrigger) -> Unless:
    names = (trigger.awaited, trigger.span, trigger.thing, trigger.kept)
    return Unless(trigger.text, trigger.fact_names, trigger.fires, *names)
