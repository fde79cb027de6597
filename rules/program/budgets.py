"""`budget:` of a rule, a campaign or the shop, and `campaigns:` of program.yaml.

`budget: 200 EUR per month`, or `budget: {amount: 200 EUR, per: month, when_spent: shrink}`
`campaigns: {autumn: {rules: [win-back, autumn-offer], budget: 500 EUR, starts: 2026-10-01, ends: 2026-11-30}}`
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from rules.yaml.dates import read_dates
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from stamgast.domain.budgets import Budget, Campaign, Of, Per, WhenSpent, name_of
from stamgast.domain.program import Program
from stamgast.domain.units import Day

WORDS: Final = ("amount", "per", "when_spent")
CAMPAIGN: Final = ("rules", "budget", "starts", "ends")
MOST_CAMPAIGNS: Final = 50
_PER: Final = re.compile(r"(?P<amount>.*\S)\s+per\s+(?P<per>\S+)")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def read_budget(reader: Reader, node: Node | None, currency: str) -> Budget | None:
    """`200 EUR`, `200 EUR per month`, or with words of its own; None where there is none, or it is wrong."""
    if node is None:
        return None
    if isinstance(node, MapNode):
        found = reader.mapping(node, "budget", WORDS, ("amount",))
        amount = reader.money(found["amount"], "budget: amount", currency) if "amount" in found else None
        per = reader.one_of(found["per"], "budget: per", Per) if "per" in found else Per.TOTAL
        spent = reader.one_of(found["when_spent"], "when_spent", WhenSpent) if "when_spent" in found else WhenSpent.STOP
    else:
        amount, per, spent = *_read_words(reader, node, currency), WhenSpent.STOP
    if amount == 0:
        reader.problem(node, "`budget` is nothing at all", "Write more than that, or `status: paused` to send nothing.")
        return None
    return None if amount is None or per is None or spent is None else Budget(amount, per, spent)


def _read_words(reader: Reader, node: Node, currency: str) -> tuple[int | None, Per | None]:
    match = _PER.fullmatch(node.text) if isinstance(node, ScalarNode) else None
    if match is None or not isinstance(node, ScalarNode):
        return reader.money(node, "budget", currency), Per.TOTAL
    amount, per = (ScalarNode(text, text, node.mark) for text in match.group("amount", "per"))
    return reader.money(amount, "budget", currency), reader.one_of(per, "budget", Per)


def read_campaigns(reader: Reader, node: Node | None, currency: str) -> Mapping[str, Campaign]:
    """Groups of rules."""
    campaigns: dict[str, Campaign] = {}
    taken: dict[str, str] = {}
    for key, value in reader.entries(node, "campaigns") if node is not None else []:
        where = f"campaigns: {key.text}"
        if not _ID.fullmatch(key.text):
            reader.problem(key, f'"{key.text}" cannot be an id in `campaigns`', "Use small letters, digits and dashes.")
            continue
        found = reader.mapping(value, where, CAMPAIGN)
        rules = reader.texts(found["rules"], f"{where}: rules") if "rules" in found else ()
        for rule in rules:
            if taken.setdefault(rule, key.text) != key.text:
                message = f'the rule "{rule}" is in the campaigns {taken[rule]} and {key.text}'
                reader.problem(found["rules"], message, "A rule belongs to one campaign.")
        starts, ends = read_dates(reader, found)
        budget = read_budget(reader, found.get("budget"), currency)
        campaigns[key.text] = Campaign(key.text, budget, starts, ends, rules)
    if node is not None and len(campaigns) > MOST_CAMPAIGNS:
        reader.problem(node, f"`campaigns` names {len(campaigns)} campaigns; at most {MOST_CAMPAIGNS} are told apart")
    return campaigns


def check_campaigns(reader: Reader, node: Node, rules: Collection[str]) -> None:
    """Whether the rules that campaigns name are there."""
    campaigns = node.get("campaigns") if isinstance(node, MapNode) else None
    for _, value in campaigns.entries if isinstance(campaigns, MapNode) else ():
        named = value.get("rules") if isinstance(value, MapNode) else None
        for item in reader.items(named, "rules") if named is not None else ():
            if isinstance(item, ScalarNode) and item.text not in rules:
                reader.problem(item, f'unknown rule "{item.text}" in `campaigns`', suggest(item.text, rules))


def campaign_of(reader: Reader, node: Node | None, program: Program, rule: str) -> Campaign | None:
    """The campaign that a rule names, or that names the rule."""
    by_group = next((each for each in program.campaigns.values() if rule in each.rules), None)
    name = reader.known(node, "campaign", program.campaigns, "campaign") if node is not None else None
    named = program.campaigns.get(name or "")
    if node is not None and named is not None and by_group is not None and named is not by_group:
        message = f"program.yaml puts this rule into the campaign {by_group.id}"
        reader.problem(node, message, "A rule belongs to one campaign: say it in one of the places.")
    return named or by_group


def within(campaign: Campaign | None, starts: Day | None, ends: Day | None) -> tuple[Day | None, Day | None]:
    """The days of a rule that are days of its campaign too."""
    if campaign is None:
        return starts, ends
    first = [day for day in (campaign.starts, starts) if day is not None]
    last = [day for day in (campaign.ends, ends) if day is not None]
    return max(first, default=None), min(last, default=None)


def budgets_of(
    rule: str, own: Budget | None, campaign: Campaign | None, program: Program
) -> tuple[tuple[str, Budget], ...]:
    """All that a rule has to stay within, by name."""
    found: list[tuple[str, Budget]] = []
    if own is not None:
        found.append((name_of(own, Of.RULE, rule), own))
    if campaign is not None and campaign.budget is not None:
        found.append((name_of(campaign.budget, Of.CAMPAIGN, campaign.id), campaign.budget))
    if program.budget is not None:
        found.append((name_of(program.budget, Of.SHOP), program.budget))
    return tuple(found)


def check_own(reader: Reader, node: Node, budgets: tuple[tuple[str, Budget], ...]) -> None:
    """A rule cannot have more than what stands above it."""
    own = budgets[0][1]
    for name, above in budgets[1:]:
        if above.holds and own.per == above.per and own.amount > above.amount:
            whose = "the shop" if name.startswith(Of.SHOP) else f"its {name.partition('/')[0].replace(':', ' ')}"
            message = f"this budget is more than {whose} has: that holds as well"
            reader.problem(node, message, "Limits above a rule can only be made stricter by it.", warning=True)
