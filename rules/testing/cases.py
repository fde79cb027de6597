"""The `tests:` of a rule as typed cases. `stamgast.programs.rule_tests` plays them through the engine in virtual time.

All clock times in tests are on the merchant's own clock.
"""

from dataclasses import dataclass
from typing import Final

from rules.language.tier_names import has_tiers, read_tier
from rules.testing.givens import LONGEST_STORY, Step, moment, read_steps, time_of
from rules.testing.sentences import read_phrases
from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.words import parse_date, parse_moment
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import Happened

NOTHING: Final = "nothing"
ALSO: Final = "expect_also"
"""With `anything`: what is not named may happen as well."""
ANYTHING: Final = "anything"
KINDS: Final = (*(kind for kind in Happened if kind is not Happened.WITHHELD), NOTHING)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must happen: `what` is a template, reward or tag. `on` is a day, `at` a minute; None: any time."""

    kind: str
    what: str
    on: Day | None = None
    at: Millis | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test case of a rule; `file` and `line` say where it stands.

    What `expects` does not name must not happen, unless `also_anything`.
    """

    rule: str
    name: str
    steps: tuple[Step, ...]
    expects: tuple[Expectation, ...]
    language: str = ""
    file: str = ""
    line: int = 0
    also_anything: bool = False


def read_tests(reader: Reader, node: Node, program: Program, rule: str) -> tuple[RuleTest, ...]:
    """The cases of one rule; those with problems are left out."""
    if not isinstance(node, ListNode):
        reader.problem(node, "`tests` must be a list", "Begin each test with `- name: …`.")
        return ()
    found = [_read_test(reader, item, program, rule) for item in node.items]
    return tuple(test for test in found if test is not None)


def _read_test(reader: Reader, node: Node, program: Program, rule: str) -> RuleTest | None:
    needed = ("name", "given", "expect")
    found = reader.mapping(node, "tests", (*needed, ALSO), needed)
    if any(word not in found for word in needed):
        return None
    name = reader.text(found["name"], "name")
    given = found["given"]
    read = read_phrases(reader, given, program) if isinstance(given, ScalarNode) else read_steps(reader, given, program)
    expects = [_expectation(reader, item, program) for item in reader.items(found["expect"], "expect")]
    good = tuple(each for each in expects if each is not None)
    if name is None or read is None or not good or len(good) < len(expects):
        return None
    if len(good) > 1 and any(each.kind == NOTHING for each in good):
        reader.problem(found["expect"], "`nothing` cannot stand beside other expectations")
        return None
    also = reader.one_of(found[ALSO], ALSO, (ANYTHING,)) is not None if ALSO in found else False
    if also and good[0].kind == NOTHING:
        reader.problem(
            found[ALSO], f"nothing is expected, and yet `{ALSO}` allows for anything", "Leave one of them out."
        )
        return None
    last = max((time_of(step) for step in read.steps), default=None)
    for each in good:
        if each.at is not None and last is not None and each.at - last > LONGEST_STORY:
            reader.problem(found["expect"], "this is more than twenty years after the last step")
            return None
    return RuleTest(rule, name, read.steps, good, read.language, reader.source.file, node.mark.line, also)


def _expectation(reader: Reader, node: Node, program: Program) -> Expectation | None:
    entries = reader.mapping(node, "expect", (*KINDS, "on", "at"))
    kinds = [kind for kind in KINDS if kind in entries]
    if len(kinds) != 1:
        if isinstance(node, MapNode):
            reader.problem(node, "each expectation is one of these", suggest("", KINDS))
        return None
    kind = kinds[0]
    what = _what(reader, kind, entries[kind], program)
    on = read_date(reader, entries["on"], "on") if "on" in entries else None
    moment = read_moment(reader, entries["at"], "at", program) if "at" in entries else None
    if what is None or ("on" in entries and on is None) or ("at" in entries and moment is None):
        return None
    text = " ".join(f"{key}: {value.text}" for key, value in entries.items() if isinstance(value, ScalarNode))
    return Expectation(kind, what, on, moment, text)


def _what(reader: Reader, kind: str, node: Node, program: Program) -> str | None:
    if kind == NOTHING:
        return "" if reader.truth(node, NOTHING) else None
    if kind == Happened.SEND:
        return reader.known(node, kind, program.templates, "template")
    if kind in {Happened.GIVE, Happened.WITHDRAW}:
        return reader.known(node, kind, program.rewards, "reward")
    if kind in {Happened.ADD_STAMPS, Happened.TAKE_STAMPS}:
        return reader.known(node, kind, program.cards, "card")
    if kind in {Happened.SET_TIER, Happened.TAKE_TIER}:
        return read_tier(reader, node, kind, program) if has_tiers(reader, node, program) else None
    return reader.text(node, kind)


def read_date(reader: Reader, node: Node, where: str) -> Day | None:
    """`2026-10-07` as a day."""
    return reader.word(node, where, parse_date)


def read_moment(reader: Reader, node: Node, where: str, program: Program) -> Millis | None:
    """`2026-10-07 09:00` on the merchant's clock."""
    return reader.word(node, where, lambda text: moment(*parse_moment(text), program))
