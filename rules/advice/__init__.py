"""What is right and perhaps not meant: looked at by `rules check`, one small class for each thing to look for.

Nothing of it stops a publish, and a worker never looks: what it reads has been advised on.
"""

from collections.abc import Sequence

from rules.advice import budgets, conditions, draws, limits, overlap
from rules.advice.rule_text import Advisor, RuleText, rule_texts
from rules.loader import PROGRAM, LoadedMerchant
from rules.yaml.problems import Problem
from stamgast.domain.calendar import business_day
from stamgast.domain.units import Millis

ADVISORS: Sequence[Advisor] = (
    conditions.NeverFires(),
    conditions.AlwaysTrue(),
    conditions.AnswersEverything(),
    conditions.Contradiction(),
    conditions.UnknownGoods(),
    overlap.Identical(),
    overlap.Overlapping(),
    limits.NobodyLeft(),
    limits.MissingStatus(),
    limits.NoCap(),
    limits.AtNight(),
    limits.NoTest(),
    budgets.CannotPay(),
    budgets.CostsNothing(),
    budgets.IsOwed(),
    draws.Restricted(),
    draws.NobodyHears(),
)


def advise(loaded: LoadedMerchant, folder: str = "", now: Millis | None = None) -> list[Problem]:
    """All advice on a merchant's rules, as warnings at their places; `folder` is put before the files' names.

    Without a time nothing is said of what is over. Of a rule with an error in its file nothing is said, and of none as
    long as there is one in program.yaml, by which all of them mean what they mean.
    """
    wrong = {each.file for each in loaded.problems if each.severity == "error"}
    if f"{folder}{PROGRAM}" in wrong or not loaded.rules.all:
        return []
    texts = [text for text in rule_texts(loaded, folder) if text.source.file not in wrong]
    over = () if now is None else (limits.Over(business_day(now, loaded.program.time_zone)),)
    for text in texts:
        for advisor in (*ADVISORS, *over):
            advisor.look(text, texts, loaded.program)
    found = [problem for text in texts for problem in text.source.problems]
    return sorted(found, key=lambda each: (each.file, each.line, each.column))


__all__ = ["ADVISORS", "Advisor", "RuleText", "advise"]
