"""Advice on draws: what the law of the shop's countries says of them, as far as it was looked up, and who hears.

What stands here is no legal advice. It was read on 30 November 2026 in what authorities, chambers of commerce and law
firms publish; of what is not here nothing was looked up, which does not mean that it is allowed.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from rules.actions import EnterDraw, InstantWin
from rules.advice.rule_text import Advisor, RuleText
from rules.yaml.nodes import MapNode, Node, ScalarNode
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import FactName

ASK: Final = "Whether it may be run so is the shop's decision: ask a lawyer."
COUNTRIES: Final[Mapping[str, str]] = {
    "NL": "a promotional game of chance is allowed within the Gedragscode promotionele kansspelen 2014: no stake, no "
    "costs of taking part but 0.45 EUR for communication, 100,000 EUR of prizes a year, 20 draws a year, terms that "
    "people can read",
    "BE": "public lotteries are forbidden without a licence, also free ones: a prize that chance alone decides about "
    "may be one, and a stake makes it a game of chance; usual are contests with a question that is decisive",
    "DE": "a game may depend on a purchase: the ban on that was struck from the UWG after the courts had refused it "
    "(European Court of Justice, C-304/08); how it is offered may still be unfair",
    "FR": "promotional lotteries are lawful, also with a purchase, as long as they are not unfair (Code de la "
    "consommation L121-20)",
    "GB": "in Great Britain a purchase is no payment for taking part if its price does not reflect the draw (Gambling "
    "Act 2005); Northern Ireland has a law of its own",
}
"""Country -> what was found out about draws and purchases there."""
_BY_PURCHASE: Final = frozenset({FactName.PURCHASE, FactName.BOUGHT, FactName.SPEND_CHANGED, FactName.VISITS_CHANGED})
_SAME: Final = {"UK": "GB"}


def countries_of(program: Program) -> list[str]:
    """Those of the shop and its stores."""
    found = (program.region, *(store.region for store in program.stores.values()))
    return list(dict.fromkeys(_SAME.get(each, each) for each in found))


class Restricted(Advisor):
    """A draw that customers take part in: which of the shop's countries say something about that."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """Of a rule that a purchase sets off, that it is a condition of taking part."""
        draws = _drawn_by(text)
        if not draws:
            return
        bought = not _BY_PURCHASE.isdisjoint(text.rule.fact_names) or text.rule.trigger.has_purchase
        how = "a purchase is what takes part in" if bought else "chance decides about"
        for country in countries_of(program):
            known = COUNTRIES.get(country, "nothing was looked up about draws there")
            text.warn(_place(text), f"{how} {', '.join(draws)}. {country}: {known}", ASK)


class NobodyHears(Advisor):
    """A draw that people take part in and whose winners no rule tells."""

    def look(self, text: RuleText, others: Sequence[RuleText], program: Program) -> None:  # noqa: ARG002
        """They would have a voucher and not know of it."""
        told = {name for each in others for name in _heard_by(each)}
        for draw in _drawn_by(text):
            if text.runs and draw not in told:
                hint = f"Add a rule with `when: {{drawn: {{draw: {draw}, won: true}}}}` that sends a message."
                text.warn(_place(text), f"no rule tells those who win in {draw}", hint)


def _drawn_by(text: RuleText) -> list[str]:
    deeds = (deed for step in text.rule.all_steps for deed in step.deeds)
    return list(dict.fromkeys(deed.draw for deed in deeds if isinstance(deed, EnterDraw | InstantWin)))


def _heard_by(text: RuleText) -> list[str]:
    node = text.when("drawn")
    named = node.get("draw") if isinstance(node, MapNode) else None
    return [named.text] if isinstance(named, ScalarNode) and text.runs else []


def _place(text: RuleText) -> Node:
    return text.place("then")
