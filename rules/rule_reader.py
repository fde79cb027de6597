"""One rule's document -> `CompiledRule` and its tests, against a programme."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from rules.actions import Action, Send, Wait
from rules.bounds import LONGEST_DESCRIPTION, MOST_ACTIONS, MOST_CONDITIONS, MOST_MESSAGES, hold_length, hold_to
from rules.engine import (
    DEFAULT_PRIORITY,
    MAX_PRIORITY,
    CompiledRule,
    CompiledTrigger,
    Condition,
    Group,
    Test,
)
from rules.groups import all_of, any_of, none_of
from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.registry import Context
from rules.language.triggers import TRIGGERS, is_wished, read_trigger
from rules.language.wished import ACTION, CONDITION
from rules.misplaced import where_it_belongs
from rules.once import between, once_per
from rules.program.budgets import budgets_of, campaign_of, check_own, read_budget, within
from rules.testing.cases import RuleTest, read_tests
from rules.yaml.dates import read_dates
from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode, kind_of
from rules.yaml.problems import nearest, suggest
from rules.yaml.reader import Reader
from rules.yaml.words import Status, parse_duration, parse_hours, parse_per_day, parse_percent, parse_status
from stamgast.domain.budgets import Campaign
from stamgast.domain.units import DAY, MINUTE, Millis
from stamgast.domain.vocabulary import OncePer, Outside, RuleStatus

WORDS: Final = (
    "rule",
    "description",
    "status",
    "when",
    "once_per",
    "if",
    "then",
    "otherwise",
    "earned",
    "offered",
    "starts",
    "ends",
    "campaign",
    "undo_window",
    "timing",
    "limits",
    "priority",
    "value",
    "tests",
)
TIMING: Final = ("send_between", "if_outside", "give_up_after", "send_late")
LIMITS: Final = ("cool_down", "messages", "hold_out", "budget")
_RULE_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LENGTH: Final = re.compile(r"[0-9]+ (?:minute|hour|day|week|month|year)s?")
_A_CONDITION: Final = "visits: {at_least: 3}"
_GROUP_TESTS: Final = {Group.ANY: any_of, Group.ALL: all_of, Group.NONE: none_of}


@dataclass(slots=True)
class RuleFile:
    """A rule with its file: what `lint` needs to say where something stands."""

    reader: Reader
    root: MapNode
    rule: CompiledRule | None = None
    tests: tuple[RuleTest, ...] = ()
    places: dict[str, Node] = field(default_factory=dict)
    """Word -> its value's node; `then` items as `send`, `give` (the first of each)."""

    @property
    def id(self) -> str:
        """What it is called, also where it is wrong."""
        node = self.places.get("rule")
        return node.text if isinstance(node, ScalarNode) else ""

    def place(self, word: str) -> Node:
        """Where a word stands, or the rule as a whole."""
        return self.places.get(word, self.root)


def read_rule(reader: Reader, node: Node, context: Context) -> RuleFile | None:
    """Read a document. Problems are noted; `rule` is None when it could not be compiled."""
    if not isinstance(node, MapNode):
        hint = "Such as `rule: free-loaf`, `when: purchase` and `then: …`, each on a line of its own."
        reader.problem(node, f"a rule is made of words with values, not of {kind_of(node)}", hint)
        return None
    found = reader.mapping(node, "rule", WORDS, ("rule", "when", "then"), _elsewhere)
    file = RuleFile(reader, node, places=dict(found))
    rule_id = _rule_id(reader, found.get("rule"))
    context = replace(context, rule=rule_id or "")
    trigger = read_trigger(found["when"], context, "when") if "when" in found else None
    context = replace(context, event=trigger.event if trigger is not None else "")
    condition = read_conditions(context, found["if"], "if") if "if" in found else None
    if condition is not None:
        hold_to(reader, found["if"], "conditions of a rule", condition.count, MOST_CONDITIONS)
    actions = _actions(context, found["then"], "then", file) if "then" in found else ()
    otherwise = _actions(context, found["otherwise"], "otherwise", file) if "otherwise" in found else ()
    if "otherwise" in found and "if" not in found:
        hint = "Add `if`, or put these actions into `then`."
        reader.problem(found["otherwise"], "`otherwise` needs `if`: without it `then` happens in any case", hint)
    hold_to(reader, node, "messages of a rule", sum(isinstance(a, Send) for a in (*actions, *otherwise)), MOST_MESSAGES)
    with reader.showing("status: live"):
        status = reader.word(found["status"], "status", parse_status) if "status" in found else Status(RuleStatus.DRAFT)
    once = _once_per(reader, found.get("once_per"), trigger)
    if "tests" in found:
        file.tests = read_tests(reader, found["tests"], context.program, rule_id or "")
    priority = _priority(reader, found.get("priority"))
    value = reader.money(found["value"], "value", context.program.currency) if "value" in found else 0
    description = reader.text(found["description"], "description") if "description" in found else ""
    if description:
        hold_length(reader, found["description"], "`description`", description, LONGEST_DESCRIPTION)
    starts, ends = read_dates(reader, found)
    campaign = campaign_of(reader, found.get("campaign"), context.program, rule_id or "")
    starts, ends = within(campaign, starts, ends)
    if trigger is not None and trigger.schedule is not None and starts is not None:
        trigger = replace(trigger, schedule=trigger.schedule._replace(anchor=starts))
    draft = None
    if trigger is not None:
        draft = CompiledRule(
            id=rule_id or "",
            description=description or "",
            status=status.name if status is not None else RuleStatus.DRAFT,
            canary=status.canary if status is not None else 0,
            trigger=trigger,
            once_per=once,
            condition=condition,
            actions=actions,
            occasion=between(starts, ends, once_per(once, trigger)),
            priority=priority,
            value=value or 0,
            earned=_earned(reader, found, trigger),
            starts=starts,
            ends=ends,
            undo_window=_undo_window(reader, found.get("undo_window")),
            otherwise=otherwise,
            campaign="" if campaign is None else campaign.id,
        )
    timed = _timing(reader, found.get("timing"), draft)
    file.rule = _limits(context, found.get("limits"), timed, campaign)
    _check_undo_window(context, found.get("undo_window"), file.rule)
    return file


def _elsewhere(word: str) -> str:
    return where_it_belongs(word, WORDS, LIMITS, TIMING)


def _rule_id(reader: Reader, node: Node | None) -> str | None:
    name = reader.text(node, "rule") if node is not None else None
    if name is not None and node is not None and not _RULE_ID.fullmatch(name):
        reader.problem(node, f'"{name}" cannot be a rule\'s id', _meant_id(name))
        return None
    return name


def _meant_id(name: str) -> str:
    """What an id could be instead."""
    plain = "".join(part for part in unicodedata.normalize("NFD", name.casefold()) if not unicodedata.combining(part))
    meant = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:40]
    return f'Use small letters, digits and dashes: "{meant or "free-loaf"}".'


def _once_per(reader: Reader, node: Node | None, trigger: CompiledTrigger | None) -> str:
    default = trigger.once_per if trigger is not None else OncePer.CUSTOMER
    if isinstance(node, ScalarNode) and _LENGTH.fullmatch(node.text):
        span = "30 days" if re.search("month|year", node.text) else node.text
        hint = f"From one time to the next is said by `limits: {{cool_down: {span}}}`."
        reader.problem(node, f'`once_per` names an occasion, not a length of time such as "{node.text}"', hint)
        return default
    word = reader.one_of(node, "once_per", OncePer) if node is not None else None
    if word is None or node is None or trigger is None:
        return default
    if word not in trigger.may:
        hint = f"With this trigger it can be once per {', '.join(trigger.may)}."
        reader.problem(node, f"`{trigger.name}` does not happen once per {word}", hint)
        return default
    return word


def _undo_window(reader: Reader, node: Node | None) -> Millis:
    window = reader.word(node, "undo_window", parse_duration) if node is not None else None
    if window is not None and node is not None and not MINUTE <= window <= DAY:
        hint = "Messages of the first hour after a launch wait for so long, such as `undo_window: 10 minutes`."
        reader.problem(node, "`undo_window` is from a minute to a day", hint)
        return 0
    return window or 0


def _check_undo_window(context: Context, node: Node | None, rule: CompiledRule | None) -> None:
    if node is None or rule is None:
        return
    gives_up = context.program.messaging.give_up_after if rule.give_up_after is None else rule.give_up_after
    if rule.undo_window >= gives_up:
        hint = "Nothing would be sent in the first hour. Make `undo_window` shorter, or `give_up_after` longer."
        context.reader.problem(node, "messages are given up before their `undo_window` is over", hint)


def _earned(reader: Reader, found: Mapping[str, Node], trigger: CompiledTrigger) -> bool:
    """Whether what it gives was paid for, or is an offer: as the rule says, else as is usual for its trigger."""
    said = {word: reader.truth(found[word], word) for word in ("earned", "offered") if word in found}
    if len(said) > 1:
        hint = "Earned is what was paid for, such as a full card's reward; offered is what is to bring somebody in."
        reader.problem(found["offered"], "a rule says `earned` or `offered`, not both", hint)
    earned, offered = said.get("earned"), said.get("offered")
    if earned is None and offered is None:
        return TRIGGERS.words[trigger.name].earned
    return bool(earned) if earned is not None else not offered


def read_conditions(context: Context, node: Node, where: str) -> Condition | None:
    """A list of conditions that must all hold; None when problems were noted."""
    items = context.reader.items(node, where)
    parts = [_condition(context, item, where) for item in items]
    good = [part for part in parts if part is not None]
    if not good or len(good) < len(parts):
        return None
    return _group(Group.ALL, good)


def _group(kind: Group, parts: list[Condition]) -> Condition:
    test: Test = _GROUP_TESTS[kind](parts)
    needs = (
        all(part.needs_purchase for part in parts) if kind is Group.ANY else any(part.needs_purchase for part in parts)
    )
    return Condition(f"{kind} of", test, None, tuple(parts), kind, needs_purchase=needs)


def _condition(context: Context, node: Node, where: str) -> Condition | None:
    reader = context.reader
    with reader.showing(_A_CONDITION):
        entries = reader.entries(node, where)
    if len(entries) != 1:
        if isinstance(node, MapNode):
            hint = "Begin each condition with a dash on a line of its own." if entries else f"Such as `{_A_CONDITION}`."
            reader.problem(node, f"one condition an item in `{where}`, not {len(entries)}", hint)
        return None
    key, value = entries[0]
    if key.text in tuple(Group):
        parts = [_condition(context, item, f"{where}: {key.text}") for item in reader.items(value, key.text)]
        good = [part for part in parts if part is not None]
        return _group(Group(key.text), good) if good and len(good) == len(parts) else None
    word = CONDITIONS.words.get(key.text)
    if word is None:
        if not is_wished(reader, key, CONDITION, CONDITIONS.words, where):
            words = [*CONDITIONS.words, *Group]
            hint = suggest(key.text, words) if nearest(key.text, words) else _elsewhere(key.text)
            hint = hint or suggest(key.text, words)
            reader.problem(key, f'unknown word "{key.text}" in `{where}`', hint)
        return None
    with reader.showing(word.in_a_line()):
        return word.read(value, context)


def _actions(context: Context, node: Node, where: str, file: RuleFile) -> tuple[Action, ...]:
    """In the order of the file, but messages last: they may speak of vouchers that are given then."""
    reader = context.reader
    if isinstance(node, ScalarNode):
        reader.problem(
            node, f"`{where}` must be a list of actions, not {kind_of(node)}", "Write `- send: …` or `- give: …`."
        )
        return ()
    items = reader.items(node, where)
    hold_to(reader, node, "actions of a rule", len(items), MOST_ACTIONS)
    actions: list[Action] = []
    block: list[Action] = []
    for item in items:
        action = _action(context, item, where, file)
        if isinstance(action, Wait):
            actions += [*_messages_last(block), action]
            block = []
        elif action is not None:
            block.append(action)
            if isinstance(action, Send) and action.after is not None and any(isinstance(a, Wait) for a in actions):
                hint = (
                    "Put it above the `wait`, or leave `after` out: what stands below `wait` happens when that is over."
                )
                reader.problem(item, "`after` below a `wait` could count from two moments", hint)
    if actions and not block:
        reader.problem(node, "nothing stands below the last `wait`", "Put below it what is to happen then.")
    return tuple(actions + _messages_last(block))


def _messages_last(block: list[Action]) -> list[Action]:
    return sorted(block, key=lambda each: isinstance(each, Send))


def _action(context: Context, node: Node, where: str, file: RuleFile) -> Action | None:
    reader = context.reader
    entries = reader.entries(node, where)
    if not entries:
        if isinstance(node, MapNode | ListNode) and not getattr(node, "entries", ()):
            reader.problem(node, "an action is missing here", suggest("", ACTIONS.words))
        return None
    verbs = [(key, value) for key, value in entries if key.text in ACTIONS.words]
    if not verbs:
        key = entries[0][0]
        if not is_wished(reader, key, ACTION, ACTIONS.words, where):
            near = nearest(key.text, ACTIONS.words)
            hint = ("" if near else _elsewhere(key.text)) or suggest(key.text, ACTIONS.words)
            reader.problem(key, f'unknown word "{key.text}" in `{where}`', hint)
        return None
    verb, value = verbs[0]
    word = ACTIONS.words[verb.text]
    for key, _ in entries:
        if key is not verb and key.text not in word.options:
            reader.problem(key, f'unknown word "{key.text}" beside `{verb.text}`', _beside(key.text, verb.text))
    file.places.setdefault(verb.text, value)
    options = {key.text: option for key, option in entries if key.text in word.options}
    with reader.showing(word.in_a_line()):
        return word.read_with(value, options, context)


def _beside(text: str, verb: str) -> str:
    if text in {"after", "unless"}:
        return f"Only messages take it: write `- wait: 3 days` above `{verb}`, and `unless` beside that."
    if text in ACTIONS.words:
        return "Begin each action with a dash on a line of its own."
    return suggest(text, ACTIONS.words[verb].options)


def _priority(reader: Reader, node: Node | None) -> int:
    priority = reader.integer(node, "priority", 0, MAX_PRIORITY) if node is not None else None
    return DEFAULT_PRIORITY if priority is None else priority


def _timing(reader: Reader, node: Node | None, rule: CompiledRule | None) -> CompiledRule | None:
    if node is None:
        return rule
    found = reader.mapping(node, "timing", TIMING)
    window = reader.word(found["send_between"], "send_between", parse_hours) if "send_between" in found else None
    outside = reader.one_of(found["if_outside"], "if_outside", Outside) if "if_outside" in found else None
    give_up = reader.word(found["give_up_after"], "give_up_after", parse_duration) if "give_up_after" in found else None
    send_late = reader.truth(found["send_late"], "send_late") if "send_late" in found else False
    if give_up == 0:
        hint = "Such as `give_up_after: 24 hours`."
        reader.problem(found["give_up_after"], "`give_up_after` must be longer than zero", hint)
    if rule is None:
        return None
    return replace(
        rule,
        window=window,
        if_outside=outside or Outside.WAIT,
        give_up_after=give_up,
        send_late=bool(send_late),
    )


def _limits(
    context: Context, node: Node | None, rule: CompiledRule | None, campaign: Campaign | None
) -> CompiledRule | None:
    reader, program = context.reader, context.program
    if node is None:
        return None if rule is None else replace(rule, budgets=budgets_of(rule.id, None, campaign, program))
    found: dict[str, Node] = {}
    for key, value in reader.entries(node, "limits"):
        if key.text in LIMITS:
            found[key.text] = value
        else:
            reader.problem(key, f'unknown word "{key.text}" in `limits`', suggest(key.text, LIMITS))
    cool_down = reader.word(found["cool_down"], "cool_down", parse_duration) if "cool_down" in found else None
    per_day = reader.word(found["messages"], "messages", parse_per_day) if "messages" in found else None
    hold_out = reader.word(found["hold_out"], "hold_out", parse_percent) if "hold_out" in found else None
    own = read_budget(reader, found.get("budget"), program.currency)
    if rule is None:
        return None
    budgets = budgets_of(rule.id, own, campaign, program)
    if own is not None:
        check_own(reader, found["budget"], budgets)
    rule = replace(rule, budgets=budgets)
    return replace(rule, cool_down=cool_down or 0, per_day=per_day or 0, hold_out=hold_out or 0)
