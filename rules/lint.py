"""Checks across rules, cards and templates: what each file alone cannot show."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, assert_never

from jinja2 import TemplateSyntaxError

from rules.actions import GiveFriend, Send
from rules.engine import CompiledRule, Condition
from rules.program.template_check import used_words
from rules.rule_reader import RuleFile
from rules.testing.cases import RuleTest
from rules.yaml.problems import suggest
from stamgast.domain.awaited import Awaited
from stamgast.domain.card_expiry import EXPIRES_ON
from stamgast.domain.channels import Wording, channel_named, spec_of
from stamgast.domain.message_words import says_when_stamps_end
from stamgast.domain.program import Program, Window
from stamgast.domain.recommendations import RECOMMENDED
from stamgast.domain.referrals import REFERRAL
from stamgast.domain.templates import Template
from stamgast.domain.vocabulary import Channel, FactName, RuleStatus

EARLY: Final = 8 * 60
LATE: Final = 21 * 60
REFERRED: Final = "referred"
MOST_AWAITED: Final = 40
"""Different moments that the rules of a programme wait for by timers."""


def lint_rules(files: Sequence[RuleFile], program: Program) -> None:
    """Note every cross problem at its place."""
    _lint_ids(files)
    _lint_awaited(files)
    ids = {file.rule.id: file.rule for file in files if file.rule is not None}
    if all(file.rule is not None for file in files):  # else a rule might be missed that is only written wrong
        for file in files:
            _lint_tests(file, ids)
    for file in files:
        if file.rule is None:
            continue
        _lint_card_reward(file, program)
        _lint_never(file)
        _lint_unsaid(file)
        _lint_friend(file)
        _lint_asked(file, ids)
        for action in file.rule.sends:
            _lint_send(file, action, program)
            _lint_words(file, action, program)
            _lint_expiring(file, action, program)
            _lint_hours(file, action, program)


def _lint_ids(files: Sequence[RuleFile]) -> None:
    seen: dict[str, str] = {}
    for file in files:
        if file.rule is None or not file.rule.id:
            continue
        here = file.reader.source.file
        if file.rule.id in seen:
            hint = "A rule's id is its own for ever."
            file.reader.problem(file.place("rule"), f'"{file.rule.id}" is the id of {seen[file.rule.id]} too', hint)
        seen.setdefault(file.rule.id, here)


def _lint_awaited(files: Sequence[RuleFile]) -> None:
    """Each moment that rules wait for is a timer of every customer's."""
    seen: set[Awaited] = set()
    for file in files:
        awaited = None if file.rule is None else file.rule.trigger.awaited
        if awaited is not None and awaited not in seen:
            seen.add(awaited)
            if len(seen) == MOST_AWAITED + 1:
                message = f"rules of this programme wait for more than {MOST_AWAITED} different moments"
                file.reader.problem(file.place("when"), message, "Let several rules wait for the same one.")


def _lint_card_reward(file: RuleFile, program: Program) -> None:
    """A full card must not be rewarded twice: by itself and by a rule."""
    rule = file.rule
    if rule is None or not any(step.gives for step in rule.all_steps):
        return
    card, reward = program.cards.get(rule.trigger.card), _given_by_card(rule, program)
    if card is not None and rule.trigger.fills_card and reward is not None:
        message = f'the {card.id} card gives "{reward}" by itself already: a full card would be rewarded twice'
        hint = f"Take `give` out of this rule, or `reward` out of the card {card.id}."
        file.reader.problem(file.place("give"), message, hint)
    elif card is not None and reward is not None:
        stamps = rule.trigger.crosses
        message = f'the {card.id} card gives "{reward}" by itself at {stamps} stamps: that would be rewarded twice'
        hint = f"Take `give` out of this rule, or {stamps} out of `levels` of the card {card.id}."
        file.reader.problem(file.place("give"), message, hint)


def _given_by_card(rule: CompiledRule, program: Program) -> str | None:
    """What the card itself gives when the rule fires."""
    card = program.cards.get(rule.trigger.card)
    if card is None:
        return None
    return card.reward if rule.trigger.fills_card else dict(card.levels).get(rule.trigger.crosses or 0)


def _lint_never(file: RuleFile) -> None:
    """Conditions that this trigger can never meet: on a basket it has not, a figure it has passed, a stale feed."""
    rule = file.rule
    if rule is None or rule.condition is None:
        return
    figure, passed = rule.trigger.figure, rule.trigger.crosses
    for part in rule.condition.parts:
        if passed is not None and figure and part.figure == figure and part.most < passed:
            message = f"this rule never fires: at {rule.trigger.text} it is not true that {part.text}"
            hint = "Leave it out, or let its bound be what the trigger waits for, or more."
            file.reader.problem(file.place("if"), message, hint)
        if part.while_stale and rule.trigger.absence:
            message = f"this rule never fires: `{rule.trigger.name}` waits while the feed is stale"
            hint = "Leave `feed` out: it tells who is absent once the feed is healthy."
            file.reader.problem(file.place("if"), message, hint)
    if rule.condition.needs_purchase and not rule.trigger.has_purchase:
        names = ", ".join(dict.fromkeys(_names_needing(rule.condition)))
        message = f"this rule never fires: `{rule.trigger.name}` has no purchase at hand, and `if` asks about one"
        file.reader.problem(file.place("if"), message, f"It is about: {names}.")


def _lint_unsaid(file: RuleFile) -> None:
    """Limits that limit nothing where no message is sent."""
    rule = file.rule
    if rule is None or rule.sends:
        return
    if rule.per_day:
        hint = "Limit it by `once_per` or `cool_down`, or let it send something."
        file.reader.problem(file.place("limits"), "`messages` limits nothing: this rule sends none", hint, warning=True)
    if rule.earned and (rule.cool_down or rule.hold_out):
        word = "cool_down" if rule.cool_down else "hold_out"
        message = f"`{word}` limits nothing: this rule sends no message, and what it gives is earned"
        hint = "Limit it by `once_per`, or say `offered: true` if it is an offer."
        file.reader.problem(file.place("limits"), message, hint, warning=True)


def _lint_friend(file: RuleFile) -> None:
    """Only a friend's purchase has a friend to give something to; and no budget reaches their stream."""
    rule = file.rule
    if rule is None or not any(isinstance(deed, GiveFriend) for step in rule.all_steps for deed in step.deeds):
        return
    if rule.trigger.name != REFERRED:
        hint = f"Write `when: {REFERRED}`, or leave `to` out."
        file.reader.problem(file.place("give"), f"`{rule.trigger.name}` is about no friend to give something to", hint)
    if rule.asks_for_money:
        hint = "Let `most` of program.yaml's `referral` bound it, or `when_spent: warn`."
        file.reader.problem(file.place("limits"), "a budget does not hold back what a friend is given", hint)


def _lint_asked(file: RuleFile, ids: Mapping[str, CompiledRule]) -> None:
    """Conditions may ask about other rules: these have to be there."""
    if file.rule is None or file.rule.condition is None:
        return
    for asked in sorted(set(_rules_asked(file.rule.condition)) - set(ids)):
        file.reader.problem(file.place("if"), f'there is no rule "{asked}" to ask about', suggest(asked, ids))


def _lint_tests(file: RuleFile, ids: Mapping[str, CompiledRule]) -> None:
    """Tests may name other rules: to be played with them, and to be held out of."""
    for test in file.tests:
        unknown = next((each for each in test.others.ids if each not in ids), None)
        if unknown is not None:
            message = f'there is no rule "{unknown}" to be played with this one'
            file.reader.problem(test.others.mark, message, suggest(unknown, ids))
            continue
        played = {test.rule, *test.others.ids}
        if test.others.all_live:
            played |= {rule.id for rule in ids.values() if rule.status == RuleStatus.LIVE}
        if test.messages_left is not None and not any(ids[each].per_day for each in played):
            hint = f"Add `limits: {{messages: 500 per day}}` to {test.rule}, or leave it out of the test."
            file.reader.problem(test.left_at, "no rule of this test has a limit of messages a day", hint)
        _lint_variant(file, test, ids[test.rule])
        for each in test.held_out_of:
            if each not in played:
                add = f" Or add `with: {each}`." if each in ids else ""
                message = f'the rule "{each}" is not played in this test, and nobody is held out of it'
                file.reader.problem(test.given_at, message, suggest(each, played) + add)
            elif not ids[each].hold_out:
                hint = f"Add `limits: {{hold_out: 10%}}` to {each}, or leave it out of the test."
                file.reader.problem(test.given_at, f"the rule {each} holds nobody out", hint)


def _lint_variant(file: RuleFile, test: RuleTest, rule: CompiledRule) -> None:
    if test.variant and test.variant not in rule.variants:
        compared = suggest(test.variant, rule.variants)
        hint = compared if rule.variants else "Leave it out, or compare messages: `send: {a: …, b: …}`."
        file.reader.problem(test.given_at, f'the rule {rule.id} has no variant "{test.variant}"', hint)


def _rules_asked(condition: Condition) -> Iterator[str]:
    if condition.rule:
        yield condition.rule
    for part in condition.parts:
        yield from _rules_asked(part)


def _names_needing(condition: Condition) -> Iterator[str]:
    if not condition.parts and condition.needs_purchase:
        yield condition.text
    for part in condition.parts:
        yield from _names_needing(part)


def _lint_send(file: RuleFile, action: Send, program: Program) -> None:
    template = program.templates[action.template]
    for channel in map(channel_named, action.by):
        if not template.is_meant_for(channel):
            hint = f"Add {_missing_part(channel, program, template)}, or leave {channel} out of `by`."
            file.reader.problem(file.place("send"), f"the template {template.id} is not written for {channel}", hint)
        elif not program.messaging.senders.get(channel):
            hint = f"Add `{channel}_sender` under `messaging` in program.yaml."
            file.reader.problem(file.place("send"), f"no sender is named for {channel}", hint)


def _missing_part(channel: Channel, program: Program, template: Template) -> str:
    wording = spec_of(channel).wording
    match wording:
        case Wording.TEXT:
            return f"templates/{program.languages[0]}/{template.id}.j2"
        case Wording.APPROVED:
            return f"`{channel}` to the template {template.id}"
        case _:
            assert_never(wording)


def _lint_words(file: RuleFile, action: Send, program: Program) -> None:
    """A template that speaks of a voucher needs a rule that gives one; likewise a card."""
    rule = file.rule
    if rule is None:
        return
    template = program.templates[action.template]
    sources = [source for channel in action.by for source in _sources(channel_named(channel), template)]
    to_friends = any(isinstance(deed, GiveFriend) for step in rule.all_steps for deed in step.deeds)
    # One whose reward is mistyped was meant to give: that is told where it stands.
    gives = (
        any(step.gives for step in rule.all_steps)
        or rule.trigger.voucher
        or ("give" in file.places and not to_friends)
        or _given_by_card(rule, program) is not None
    )
    for thing in sorted({word for source in sources for word in _things(source)}):
        if thing == "voucher" and not gives:
            message = f"the template {template.id} speaks of a voucher, and this rule gives none"
            file.reader.problem(file.place("send"), message, "Add `- give: …` to `then`.")
        elif thing == "card" and not rule.trigger.card:
            message = f"the template {template.id} speaks of a stamp card, and `{rule.trigger.name}` is about none"
            file.reader.problem(file.place("send"), message, "Use a trigger about a card, or another template.")
        elif thing == REFERRAL and program.referral is None:
            message = f"the template {template.id} has a code to bring friends by, and program.yaml no `referral`"
            file.reader.problem(file.place("send"), message, "Write `referral: {reward: …, friend_reward: …}`.")
        elif thing == RECOMMENDED and action.recommend is None:
            message = f"the template {template.id} names a product that nothing chooses"
            file.reader.problem(file.place("send"), message, f"Write `- recommend: {template.id}` instead of `send`.")


def _lint_expiring(file: RuleFile, action: Send, program: Program) -> None:
    """When stamps run out is told by the rules that warn of it, and by them alone."""
    if file.rule is None:
        return
    template, warns = program.templates[action.template], FactName.STAMPS_EXPIRING in file.rule.fact_names
    says = [name for name in action.by if says_when_stamps_end(template, channel_named(name))]
    texts = [text for name in action.by for text in _sources(channel_named(name), template)]
    if not warns and any(f"card.{EXPIRES_ON}" in text for text in texts):
        message = (
            f"the template {template.id} says when stamps run out, and `{file.rule.trigger.name}` does not know it"
        )
        file.reader.problem(file.place("send"), message, "Use `stamps_expiring`, or another template.")
    elif warns and len(says) < len(action.by):
        message = (
            f"the template {template.id} does not say everywhere when the stamps run out, and so warns nobody there"
        )
        file.reader.problem(file.place("send"), message, f"Write {{{{ card.{EXPIRES_ON} }}}} in it.", warning=True)


def _sources(channel: Channel, template: Template) -> Collection[str]:
    """What is filled in on a channel."""
    wording = spec_of(channel).wording
    match wording:
        case Wording.TEXT:
            return template.wordings(channel).values()
        case Wording.APPROVED:
            return template.variables.values()
        case _:
            assert_never(wording)


def _things(source: str) -> set[str]:
    try:
        return {each.thing for each in used_words(source)}
    except TemplateSyntaxError:
        return set()  # noted at the template itself


def _lint_hours(file: RuleFile, action: Send, program: Program) -> None:
    """The rule's hours must leave room within the house's, and not reach into the night."""
    rule = file.rule
    if rule is None or rule.window is None:
        return
    place = file.place("timing")
    purpose = program.templates[action.template].purpose
    house = program.messaging.windows.get(purpose, Window(0, 24 * 60))
    if max(rule.window.opens, house.opens) >= min(rule.window.closes, house.closes):
        message = f"this rule never sends: the house sends {purpose} messages {_hours(house)} only"
        file.reader.problem(place, message, "Choose `send_between` within these hours.")
    elif rule.window.opens < EARLY or rule.window.closes > LATE:
        message = f"`send_between` reaches into the night; the house sends {purpose} messages {_hours(house)}"
        file.reader.problem(place, message, "The narrower of the two counts.", warning=True)


def _hours(window: Window) -> str:
    return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (window.opens, window.closes))
