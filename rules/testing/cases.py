"""The `tests:` of a rule as typed cases. `stamgast.programs.rule_tests` plays them through the engine in virtual time.

All clock times in tests are on the merchant's own clock.
"""

from dataclasses import dataclass, field
from typing import Final

from rules.language.tier_names import has_tiers, read_tier
from rules.testing.givens import LONGEST_STORY, Step, moment, time_of
from rules.testing.sentences import read_phrases
from rules.testing.steps import read_steps
from rules.yaml.nodes import ListNode, MapNode, Mark, Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.words import parse_date, parse_moment
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Millis, Minor
from stamgast.domain.vocabulary import Happened, Reason

NOTHING: Final = "nothing"
ALSO: Final = "expect_also"
"""With `anything`: what is not named may happen as well."""
ANYTHING: Final = "anything"
BUDGET_LEFT: Final = "budget_left"
"""What the rule's budgets have at the beginning; else all of it."""
MESSAGES_LEFT: Final = "messages_left"
"""What the rules' `limits: messages` leave on the day that one is asked for first; else all of them."""
MOST_LEFT: Final = 1_000_000
KINDS: Final = (*Happened, NOTHING)
TO: Final = "to"
"""With `friend`: it is given to the friend."""
FRIEND: Final = "friend"
PRODUCT: Final = "product"
"""Which one a message recommends."""
BECAUSE: Final = "because"
"""Why something was withheld."""
WITH: Final = "with"
"""Other rules of the merchant that are played together with the one whose test it is."""
ALL_LIVE: Final = "all live rules"
REASONS: Final[tuple[Reason, ...]] = (
    Reason.NO_CONSENT,
    Reason.OPTED_OUT,
    Reason.HOLDOUT,
    Reason.COOL_DOWN,
    Reason.FREQUENCY_CAP,
    Reason.RULE_LIMIT,
    Reason.OUTRANKED,
    Reason.QUESTION_OPEN,
    Reason.ASKED_BEFORE,
    Reason.ALREADY_KNOWN,
    Reason.COMPLAINED,
    Reason.TOPIC_LEFT,
    Reason.QUIET_HOURS,
    Reason.GAVE_UP,
    Reason.LATE,
    Reason.TOO_MANY,
    Reason.NO_LONGER_TRUE,
    Reason.TAKEN_BACK,
    Reason.CALLED_OFF,
    Reason.RULE_OVER,
    Reason.BUDGET,
    Reason.NO_CODES,
    Reason.NOTHING_TO_RECOMMEND,
)
"""Why something can be withheld in a test, where nobody edits a rule and every phone answers."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must happen: `what` is a template, reward or tag. `on` is a day, `at` a minute; None: any time.

    `because` is why something is withheld; empty: for whatever reason.
    """

    kind: str
    what: str
    on: Day | None = None
    at: Millis | None = None
    text: str = ""
    because: str = ""
    product: str = ""
    """What a message recommends; empty: whatever it does."""
    to: str = ""
    """`friend`: it is given to them, and not to the customer."""


@dataclass(frozen=True, slots=True)
class Others:
    """Rules that are played together with the one whose test it is: these, or all that are live."""

    ids: tuple[str, ...] = ()
    all_live: bool = False
    mark: Mark = field(default=Mark(1, 1), compare=False)


ALONE: Final = Others()


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
    others: Others = ALONE
    held_out_of: tuple[str, ...] = ()
    """Rules whose control group the customer is in."""
    variant: str = ""
    """Which of the rule's messages that are compared the customer gets; empty: the one that falls to them."""
    given_at: Mark = field(default=Mark(1, 1), compare=False)
    budget_left: Minor | None = None
    messages_left: int | None = None
    left_at: Mark = field(default=Mark(1, 1), compare=False)
    """Where that is said."""


def read_tests(reader: Reader, node: Node, program: Program, rule: str) -> tuple[RuleTest, ...]:
    """The cases of one rule; those with problems are left out."""
    if not isinstance(node, ListNode):
        reader.problem(node, "`tests` must be a list", "Begin each test with `- name: …`.")
        return ()
    found = [_read_test(reader, item, program, rule) for item in node.items]
    return tuple(test for test in found if test is not None)


def _read_test(reader: Reader, node: Node, program: Program, rule: str) -> RuleTest | None:
    needed = ("name", "given", "expect")
    found = reader.mapping(node, "tests", (*needed, WITH, ALSO, BUDGET_LEFT, MESSAGES_LEFT), needed)
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
        hint = "Leave `nothing` out: what is not named must not happen anyway."
        reader.problem(found["expect"], "`nothing` cannot stand beside other expectations", hint)
        return None
    others = _others(reader, found[WITH]) if WITH in found else ALONE
    if others is None:
        return None
    also = reader.one_of(found[ALSO], ALSO, (ANYTHING,)) is not None if ALSO in found else False
    if also and good[0].kind == NOTHING:
        reader.problem(
            found[ALSO], f"nothing is expected, and yet `{ALSO}` allows for anything", "Leave one of them out."
        )
        return None
    left = reader.money(found[BUDGET_LEFT], BUDGET_LEFT, program.currency) if BUDGET_LEFT in found else None
    messages = reader.integer(found[MESSAGES_LEFT], MESSAGES_LEFT, 0, MOST_LEFT) if MESSAGES_LEFT in found else None
    last = max((time_of(step) for step in read.steps), default=None)
    for each in good:
        if each.at is not None and last is not None and each.at - last > LONGEST_STORY:
            reader.problem(found["expect"], "this is more than twenty years after the last step")
            return None
    held_out_of = tuple(dict.fromkeys(each or rule for each in read.held_out_of))
    here, line = reader.source.file, node.mark.line
    return RuleTest(
        rule, name, read.steps, good, read.language, here, line, also, others, held_out_of, read.variant,
        found["given"].mark, left, messages, found.get(MESSAGES_LEFT, node).mark,
    )  # fmt: skip


def _others(reader: Reader, node: Node) -> Others | None:
    """`all live rules`, or ids."""
    ids = reader.texts(node, WITH)
    if not ids:
        return None
    if ids == (ALL_LIVE,):
        return Others(all_live=True, mark=node.mark)
    for each in ids:
        if " " in each:
            reader.problem(node, f'"{each}" is no rule\'s id', f"Write `{WITH}: {ALL_LIVE}`, or a list of rules' ids.")
            return None
    return Others(ids, mark=node.mark)


def _expectation(reader: Reader, node: Node, program: Program) -> Expectation | None:
    with reader.showing(_meant(node)):
        entries = reader.mapping(node, "expect", (*KINDS, BECAUSE, PRODUCT, TO, "on", "at"))
    kinds = [kind for kind in KINDS if kind in entries]
    if len(kinds) != 1:
        if len(kinds) > 1:
            reader.problem(
                node, f"these are {len(kinds)} things in one", "Begin each with a dash on a line of its own."
            )
        elif isinstance(node, MapNode) and len(entries) == len(node.entries):
            reader.problem(node, "each expectation is one of these", suggest("", KINDS))
        return None
    kind = kinds[0]
    what = _what(reader, kind, entries[kind], program)
    on = read_date(reader, entries["on"], "on") if "on" in entries else None
    moment = read_moment(reader, entries["at"], "at", program) if "at" in entries else None
    because = _because(reader, entries[BECAUSE], kind) if BECAUSE in entries else ""
    product = _product(reader, entries[PRODUCT], kind) if PRODUCT in entries else ""
    to = _to(reader, entries[TO], kind) if TO in entries else ""
    if product is None or to is None:
        return None
    if what is None or because is None or ("on" in entries and on is None) or ("at" in entries and moment is None):
        return None
    text = " ".join(f"{key}: {value.text}" for key, value in entries.items() if isinstance(value, ScalarNode))
    return Expectation(kind, what, on, moment, text, because, product, to)


def _meant(node: Node) -> str:
    """How an expectation is written, with what was meant if that can be seen: `send hello` is `{send: hello}`."""
    kind, _, what = node.text.partition(" ") if isinstance(node, ScalarNode) else ("", "", "")
    return f"{{{kind}: {what}}}" if kind in KINDS and what else f"{{{Happened.SEND}: hello}}"


def _to(reader: Reader, node: Node, kind: str) -> str | None:
    if kind != Happened.GIVE:
        reader.problem(node, f"`{TO}` says who is given something", "Write it beside `give`.")
        return None
    return reader.one_of(node, TO, (FRIEND,))


def _product(reader: Reader, node: Node, kind: str) -> str | None:
    if kind != Happened.SEND:
        reader.problem(node, f"`{PRODUCT}` says what a message recommends", "Write it beside `send`.")
        return None
    return reader.text(node, PRODUCT)


def _because(reader: Reader, node: Node, kind: str) -> str | None:
    if kind != Happened.WITHHELD:
        reader.problem(node, f"`{BECAUSE}` says why something is withheld, not why it happens", "Leave it out.")
        return None
    text = reader.text(node, BECAUSE)
    if text in set(Reason) - set(REASONS):
        hint = f"In a test it can be: {', '.join(REASONS)}."
        reader.problem(node, f"no test comes to `{text}`: there every phone answers, and nobody edits a rule", hint)
        return None
    return reader.one_of(node, BECAUSE, REASONS, thing="reason")


def _what(reader: Reader, kind: str, node: Node, program: Program) -> str | None:
    if kind == NOTHING:
        said = reader.truth(node, NOTHING)
        if said is False:
            reader.problem(node, "`nothing: false` expects nothing in particular", "Say what is to happen.")
        return "" if said else None
    if kind in {Happened.SEND, Happened.NOTIFY}:
        return reader.known(node, kind, program.templates, "template")
    if kind == Happened.WITHHELD:
        return reader.known(node, kind, {**program.templates, **program.rewards}, "template or reward")
    if kind in {Happened.GIVE, Happened.WITHDRAW}:
        return reader.known(node, kind, program.rewards, "reward")
    if kind in {Happened.ADD_STAMPS, Happened.TAKE_STAMPS}:
        return reader.known(node, kind, program.cards, "card")
    if kind == Happened.RUN_OUT:
        return _card_that_runs_out(reader, node, program)
    if kind in {Happened.ENTER_DRAW, Happened.LEAVE_DRAW}:
        return reader.known(node, kind, program.draws, "draw")
    if kind in {Happened.SET_TIER, Happened.TAKE_TIER}:
        return read_tier(reader, node, kind, program) if has_tiers(reader, node, program) else None
    return reader.text(node, kind)


def _card_that_runs_out(reader: Reader, node: Node, program: Program) -> str | None:
    card = reader.known(node, Happened.RUN_OUT, program.cards, "card")
    if card is not None and program.cards[card].expires is None:
        hint = f"Write `expires: {{after: 12 months, warned: 30 days}}` under cards: {card} in program.yaml."
        reader.problem(node, f"the stamps of the {card} card never run out", hint)
        return None
    return card


def read_date(reader: Reader, node: Node, where: str) -> Day | None:
    """`2026-10-07` as a day."""
    return reader.word(node, where, parse_date)


def read_moment(reader: Reader, node: Node, where: str, program: Program) -> Millis | None:
    """`2026-10-07 09:00` on the merchant's clock."""
    return reader.word(node, where, lambda text: moment(*parse_moment(text), program))
