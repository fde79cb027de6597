"""What is recommended to a customer."""

from collections.abc import Mapping
from typing import ClassVar

from rules.actions import Action, Recommend, Send
from rules.language.actions import ACTIONS, ActionWord
from rules.language.actions.messages import CHANNELS, read_delay
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DURATION, TEXT, choice, one_or_more
from rules.program.template_check import speaks_of
from rules.yaml.nodes import Node
from rules.yaml.words import parse_duration
from stamgast.domain.recommendations import RECOMMENDED, Instead, days_of
from stamgast.domain.vocabulary import Channel


@ACTIONS.add
class RecommendAction(ActionWord):
    """Send a template that names one product: what most buy next who bought what this customer bought.

    It is named by `recommended.name` and `recommended.sku`. After a purchase it follows from that, else from what they
    bought last. Nothing that they have bought is recommended, unless that is `again_after` ago; nor what `recommend:`
    of program.yaml has `out_of_stock`. Where nothing is bought next often enough, `instead` says what is recommended:
    `nothing` (so it is where nothing is said: the message is withheld), the best of the same `category`, or that and
    then the `best_seller`. `stamgast recommend fit` finds out what is bought next, and `pairs` of program.yaml go
    before that.

    Example::

        then:
          - recommend: next_product
            by: [whatsapp, sms]
            instead: category
            again_after: 90 days
    """

    name = "recommend"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "beveel aan wat anderen daarna kochten, met het bericht {value}",
        "fr": "recommander ce que d'autres ont acheté ensuite, par le message {value}",
        "de": "empfehlen, was andere danach kauften, mit der Nachricht {value}",
        "en": "recommend what others bought next, by the message {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {
        "by": one_or_more(choice(CHANNELS)),
        "after": DURATION,
        "instead": choice(Instead),
        "again_after": DURATION,
    }

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A template that names the product; `by` defaults to the channels it is written for."""
        reader = context.reader
        name = reader.known(node, self.name, context.program.templates, "template")
        by = reader.some_of(options["by"], "by", CHANNELS, thing="channel") if "by" in options else ()
        after = read_delay(options["after"], "after", context) if "after" in options else None
        instead = reader.one_of(options["instead"], "instead", Instead) if "instead" in options else Instead.NOTHING
        again = reader.word(options["again_after"], "again_after", parse_duration) if "again_after" in options else 0
        if "again_after" in options and again == 0:
            reader.problem(options["again_after"], "`again_after` must be longer than zero", "Such as 90 days.")
        if name is None or instead is None or again is None or ("by" in options and not by):
            return None
        template = context.program.templates[name]
        if not speaks_of(template, RECOMMENDED):
            hint = "Write {{ recommended.name }} into its text, or use `send`."
            reader.problem(node, f"the template {name} does not say what is recommended", hint)
        written = tuple(each.value for each in Channel if template.wordings(each))
        what = Recommend(instead, days_of(again) if again else 0)
        return Send(name, by or written, after, of_voucher=speaks_of(template, "voucher"), recommend=what)

    def schema(self) -> Schema:
        """A template's id."""
        return TEXT
