"""What staff are told."""

from collections.abc import Mapping
from typing import ClassVar

from rules.actions import Action, Notify
from rules.bounds import MOST_NOTIFIED, hold_to
from rules.language.actions import ACTIONS, ActionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT, one_or_more
from rules.program.template_check import words_of
from rules.yaml.nodes import Node
from rules.yaml.problems import suggest
from stamgast.domain.message_words import FOR_STAFF
from stamgast.domain.vocabulary import Channel, Purpose


@ACTIONS.add
class NotifyAction(ActionWord):
    """Tell people of `staff:` in program.yaml something about the customer, by SMS; all of them, or those after `to`.

    It is no message to the customer: no consent and no cap of theirs is asked, and none is used up. Who is held out of
    what the rule sends or gives is not told of either. It waits for the hours of whoever is told. Beyond `per_hour`
    messages, what else happens is told in the next hour, in one message that says how many more there were. Its
    template has `purpose: utility` and can say the customer's first name, `{{ staff.customer }}` (the customer's id),
    `{{ staff.name }}` and words of the shop and of the card.

    Example::

        when: lapsing
        then:
          - notify: call_back
            to: anna
    """

    name = "notify"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "meld het personeel {value}",
        "fr": "avertir le personnel : {value}",
        "de": "dem Personal {value} melden",
        "en": "tell staff {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {"to": one_or_more(TEXT)}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A template with an SMS, and names of staff."""
        reader, program = context.reader, context.program
        template = reader.known(node, self.name, program.templates, "template")
        if not program.staff:
            hint = 'Add `staff: {anna: {phone: "+31612345678"}}`.'
            reader.problem(node, "program.yaml names no staff", hint)
            return None
        if not program.messaging.senders.get(Channel.SMS):
            hint = "Add `sms_sender` under `messaging` in program.yaml."
            reader.problem(node, "staff are told by SMS, and `messaging` names no `sms_sender`", hint)
        to = tuple(program.staff)
        if "to" in options:
            to = reader.some_of(options["to"], "to", tuple(program.staff), thing="member of staff")
        hold_to(reader, options.get("to", node), "people whom an action tells", len(to), MOST_NOTIFIED)
        if template is None or not to:
            return None
        written = program.templates[template]
        if written.purpose != Purpose.UTILITY:
            hint = f"Write `purpose: utility` at templates: {template}."
            reader.problem(node, "what staff are told is no marketing", hint)
        if not written.sms:
            reader.problem(node, f"the template {template} has no SMS", "Staff are told by SMS.")
        for word in sorted(words_of(written) - FOR_STAFF):
            hint = suggest(word, sorted(FOR_STAFF))
            reader.problem(node, f"staff are not told `{word}`, and the template {template} says it", hint)
        return Notify(template, to)

    def schema(self) -> Schema:
        """A template's id."""
        return TEXT
