"""Rules on facts: which fire, in whose favour when several want to speak, and what their actions do."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from rules.actions import Give
from rules.engine import CompiledRule, View
from rules.rule_set import Listeners
from rules.steps import Step
from stamgast.domain.budgets import For
from stamgast.domain.contact_policy import stable_percent
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import LEVEL
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import NotReadError
from stamgast.domain.occasions import (
    PERIODS,
    field_of_firing,
    field_of_period,
    has_bit,
    is_among,
    mark_of,
    may_have_fallen_out,
    with_bit,
    with_one_more,
)
from stamgast.domain.rule_answers import UNKNOWN, Ended
from stamgast.domain.told import Arm
from stamgast.domain.vocabulary import FactName, OncePer, RuleStatus
from stamgast.service import asking, at_hand, budgets, deeds, measuring, messages, notices, offers, plans, telling
from stamgast.service.case import Case, Firing
from stamgast.service.remembering import earlier_occasions
from stamgast.service.reversals import next_generation, take_back, take_back_cards
from stamgast.service.worth import FACTS as WORTH

UNBOUNDED = 1 << 30
"""More stamps than any card has."""
_LIVE: Final = RuleStatus.LIVE  # asked of every rule, and looking a member up costs as much as a call
_PER_PURCHASE: Final = OncePer.PURCHASE
_FIRED: Final = int(Ended.FIRED)
_FIRED_BEFORE: Final = int(Ended.FIRED_BEFORE)
_GIVEN: Final = Arm.GIVEN.value


def fire(case: Case, facts: list[Fact]) -> None:
    """Let the cards' own rewards and then the rules answer the facts, and rules what rewards these gave.

    What is given for having been given something is no news: else two rules could give for ever.
    """
    if facts:
        _answer(case, facts)
    if case.moved or case.given:
        answer_what_came_of_it(case)


def let_cards_answer(case: Case, facts: Sequence[Fact]) -> None:
    """What was before asks no rule: only a card that counts history gives what it promised, and unpromises it."""
    for fact in facts:
        own = _ANSWERS.get(fact.name)
        if own is not None:
            own(case, fact)
    case.moved, case.given = [], []


def answer_what_came_of_it(case: Case) -> None:
    """Let cards and rules answer the stamps that rules added, and rules the rewards that were given."""
    while case.moved:  # each round adds stamps, of which there are so many an event
        moved, case.moved = case.moved, []
        _answer(case, moved)
    if case.given:
        answer_what_was_given(case)


def answer_what_was_given(case: Case) -> None:
    """Let rules answer rewards that were given."""
    given, case.given = case.given, []
    _answer(case, given)
    case.given = []
    while case.moved:
        moved, case.moved = case.moved, []
        _answer(case, moved)
        case.given = []


def _answer(case: Case, facts: Sequence[Fact]) -> None:
    customer, rules = case.customer, case.context.bundle.rules
    if customer.apart is not None:
        at_hand.foresee(case, facts)
    if rules.calling_off and (customer.moving or customer.past):
        plans.hear(case, facts)
    firings: list[Firing] = []
    for fact in facts:
        name = fact.name
        if name in _ANSWERS:
            _ANSWERS[name](case, fact)
        listeners = rules.listeners.get(name)
        if listeners is not None and not customer.erased_at:
            _ask_all(case, fact, listeners, firings)
    # The arbiter: who speaks first when several rules want the same customer.
    if len(firings) > 1:
        firings.sort(key=_rank)
    for firing in firings:
        if case.left.firings > 0:
            case.left.firings -= 1
            _carry_out(case, firing)
        else:
            case.count(counter(Counter.RULE, firing.rule.id, Tally.TOO_MANY))
            case.answered(firing.rule, Ended.TOO_MANY)


def _rank(firing: Firing) -> tuple[int, int, str]:
    return firing.rule.rank


def fall_back(case: Case, facts: Sequence[Fact]) -> None:
    """Figures that fell: what was promised for passing a threshold goes if the figure is below it again.

    To be asked before the facts are answered; a purchase that only adds has none of these.
    """
    for fact in facts:
        if fact.after < fact.before and fact.name in _FIGURES:
            unreached = _crossed_back(case, fact)
            if unreached:
                for occasion in earlier_occasions(fact):
                    take_back(case, occasion, unreached.__contains__)


def _crossed_back(case: Case, fact: Fact) -> set[str]:
    """Rules that the figure would set off if it went back to where it was."""
    back = Fact(fact.name, fact.occasion, fact.after, fact.before, fact.data)
    return {rule.id for rule in case.context.bundle.rules.asked_by(back) if rule.trigger.fires(back)}


def _ask_all(case: Case, fact: Fact, listeners: Listeners, firings: list[Firing]) -> None:
    """Which of the rules that listen to such a fact fire? Most of those that do not are told so together."""
    panel, passed = listeners.asking(fact)
    if not panel.rules and not passed:
        return
    view = View(case.customer, case.program, case.at, fact, case.customer_id)
    if panel.rules:
        asked, refused = panel.left(view)
        for refusals in refused:
            case.turned_down(refusals)
        if asked:
            _ask(case, asked, view, firings)
    if passed:
        _ask(case, passed, view, firings)


def _ask(case: Case, rules: Sequence[CompiledRule], view: View, firings: list[Firing]) -> None:
    """Which of these rules fire? The innermost loop of the core: written for speed."""
    fact, counters, said = view.fact, case.change.counters, case.said
    of_fact = fact.occasion
    for rule in rules:
        try:  # its words are spelled out here: a call of `holds` a rule would double the time
            if rule.plain:
                occasion = of_fact
            else:
                own = rule.occasion(fact, view)
                if own is None:
                    continue
                occasion = own
            for test, name, answer in rule.checks:
                met = test(view)
                if met is not True:
                    counters[name] = counters[name] + 1 if name in counters else 1
                    said.append(answer if met is False else answer + UNKNOWN)
                    if rule.otherwise and (rule.status == _LIVE or _speaks(case, rule, occasion)):
                        again = _has_fired(case, rule, occasion)
                        firings.append(Firing(rule, fact, occasion, again, otherwise=True))
                    break
            else:
                if rule.status == _LIVE or _speaks(case, rule, occasion):
                    firings.append(Firing(rule, fact, occasion, _has_fired(case, rule, occasion)))
        except NotReadError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a rule raises, the event itself must be applied
            case.change.failures.append((rule.id, f"{type(error).__name__}: {error}"))
            case.count(counter(Counter.RULE, rule.id, Tally.RAISED))
            case.answered(rule, Ended.RAISED)


def _speaks(case: Case, rule: CompiledRule, occasion: str) -> bool:
    """A shadow rule is only counted; a canary speaks to a sample."""
    if rule.status == RuleStatus.SHADOW:
        case.count(counter(Counter.RULE, rule.id, Tally.SHADOW))
        case.answered(rule, Ended.SHADOW)
        telling.sample(case, Arm.SHADOW, rule.id, occasion)
        return False
    if rule.status != RuleStatus.CANARY or _in_canary(case, rule):
        return True
    case.count(counter(Counter.RULE, rule.id, Tally.NOT_IN_CANARY))
    case.answered(rule, Ended.NOT_IN_CANARY)
    telling.sample(case, Arm.CANARY_EXCLUDED, rule.id, occasion)
    return False


def _in_canary(case: Case, rule: CompiledRule) -> bool:
    return stable_percent("canary", case.program.merchant, rule.id, case.customer_id) < rule.canary


def _carry_out(case: Case, firing: Firing) -> None:
    """Rewards may be opened again after a refund took them back; a message is sent once per occasion."""
    rule = firing.rule
    case.answered(rule, _FIRED_BEFORE if firing.again else _FIRED)
    if not firing.again:
        if rule.id not in case.customer.fired:
            measuring.reached(case, rule.id)
        _remember(case, rule, firing.occasion)
        case.count(rule.fired)
    branch = rule.other_steps if firing.otherwise else rule.steps
    if len(branch) == 1 and branch[0].delay is None:
        _take(case, firing, branch[0])
        return
    for one, step in plans.each_of(case, firing, branch):
        if step.delay is None:
            _take(case, one, step)
        else:
            plans.let_wait(case, one, step)


def _take(case: Case, firing: Firing, step: Step) -> None:
    """Do what happens at once."""
    if step.notices and not firing.again:
        notices.tell(case, firing, step.notices)
    if step.send is None:
        _do_unsaid(case, firing, step)
        return
    if firing.again:
        generation = next_generation(case, firing.rule.id, firing.occasion)
        if generation is None:  # a message went for it, or is on its way: it promised what was given
            deeds.do(case, firing, step.deeds)
            return
        firing = replace(firing, generation=generation)
    messages.consider(case, firing, step)


def _do_unsaid(case: Case, firing: Firing, step: Step) -> None:
    """Do what no message tells of."""
    reason = "" if firing.rule.earned else offers.why_not(case, firing, step)
    if firing.rule.hold_out and not firing.rule.earned and not firing.again and not firing.step:
        measuring.decided(case, firing.rule, reason)
    if not reason:
        asks = firing.rule.budgets and not firing.rule.earned and not firing.again
        if asks and asking.asks_first(case, firing, step):
            return
        deeds.do(case, firing, step.deeds)
        budgets.paid(case, For(firing.rule.id))
        offers.note(case, firing)
        if not firing.again:
            telling.decision(case, _GIVEN, firing.rule.id, firing.occasion)
    elif not firing.again:
        messages.withhold(case, firing, step, reason)


def _has_fired(case: Case, rule: CompiledRule, occasion: str) -> bool:
    """Whether it has fired for the occasion before. Raises NotReadError."""
    remembered = case.customer.fired.get(rule.id, ())
    if is_among(occasion, remembered):
        return True
    if rule.once_per == _PER_PURCHASE:
        return case.has_mark(occasion, mark_of(rule.id))
    if not may_have_fallen_out(occasion, rule.once_per, remembered):
        return False
    alone = field_of_firing(rule.id, occasion)
    if rule.once_per not in PERIODS:
        return bool(_stored(case, alone))
    together, bit = field_of_period(rule.id, occasion)
    if case.stored(together) is None or case.stored(alone) is None:
        raise NotReadError([together, alone])
    return has_bit(_stored(case, together), bit) or bool(_stored(case, alone))  # older versions kept each by itself


def _stored(case: Case, field: bytes) -> bytes:
    stored = case.stored(field)
    if stored is None:
        raise NotReadError([field])
    return stored


def _remember(case: Case, rule: CompiledRule, occasion: str) -> None:
    fired = case.customer.fired
    fired[rule.id], fallen = with_one_more(fired.get(rule.id, ()), occasion, rule.once_per)
    if fallen and rule.once_per in PERIODS:
        together, bit = field_of_period(rule.id, fallen)
        case.store(together, with_bit(_stored(case, together), bit))
    elif fallen:
        case.store(field_of_firing(rule.id, fallen), b"1")
    if rule.once_per == _PER_PURCHASE:
        case.mark(occasion, mark_of(rule.id))


def _move_stamps(case: Case, fact: Fact) -> None:
    telling.stamps(case, fact)
    card = case.program.cards.get(fact.data["card"])
    if card is None or not card.levels:
        return
    for stamps, reward in card.levels:
        if fact.before < stamps <= fact.after:
            deeds.give(case, Give(reward, card.reward_valid_for), fact, f"{LEVEL}{stamps}", fact.occasion)


def _complete_card(case: Case, fact: Fact) -> None:
    telling.stamps(case, fact)
    card = case.program.cards[fact.data["card"]]
    case.count(counter(Counter.CARD, card.id, Tally.COMPLETED))
    if card.reward is not None:
        deeds.give(case, Give(card.reward, card.reward_valid_for), fact, "", fact.occasion)


def _reopen_card(case: Case, fact: Fact) -> None:
    """Cards are taken out again; of the oldest of them what is left on it may still have earned something."""
    telling.stamps(case, fact)
    card, first, cards = fact.data["card"], fact.data["ordinal"], fact.data.get("cards", 1)
    case.count(counter(Counter.CARD, card, Tally.COMPLETED), -cards)
    still_reached = _reached(case, fact, UNBOUNDED, reached=True)
    numbers = range(first, first + cards)
    take_back_cards(case, card, numbers, lambda number, rule: number > first or rule not in still_reached)


def _lose_stamps(case: Case, fact: Fact) -> None:
    telling.stamps(case, fact)
    unreached = _reached(case, fact, fact.before, reached=False)
    if unreached:
        take_back(case, fact.occasion, unreached.__contains__)


def _reached(case: Case, fact: Fact, before: int, *, reached: bool) -> set[str]:
    """Rules on reaching a number of stamps, by whether what is left of the card's `before` stamps still does."""
    back = Fact(FactName.STAMPS_CHANGED, fact.occasion, fact.after, before, fact.data)
    listening = case.context.bundle.rules.listening(back.name)
    found = {rule.id for rule in listening if rule.trigger.fires(back) is not reached}
    card = case.program.cards.get(fact.data["card"])
    for stamps, _ in card.levels if card is not None else ():
        if (back.before < stamps <= back.after) is not reached:
            found.add(f"{LEVEL}{stamps}")
    return found


_FIGURES = frozenset(
    {
        FactName.VISITS_CHANGED,
        FactName.SPEND_CHANGED,
        FactName.CLV_CHANGED,
        FactName.WINDOW_SPEND_CHANGED,
        FactName.BOUGHT,
        *WORTH.values(),
    }
)

_ANSWERS: dict[str, Callable[[Case, Fact], None]] = {
    FactName.STAMPS_CHANGED.value: _move_stamps,
    FactName.STAMP_CARD_COMPLETED.value: _complete_card,
    FactName.STAMP_CARD_UNCOMPLETED.value: _reopen_card,
    FactName.STAMPS_TAKEN.value: _lose_stamps,
    FactName.TIER_CHANGED.value: telling.tier,
    FactName.SEGMENT_ENTERED.value: telling.segment,
    FactName.SEGMENT_LEFT.value: telling.segment,
}
