"""What a rule does later: a step that is held until its time, and what calls it off until then.

Such a step is an activation like any other, held for the reason that its time has not come. Nobody is asked before
that whether it may go, but for what the firing as a whole depends on: that it is no old news, the rule's `cool_down`
and its control group. Of what was earned the deeds are waited for in any case.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from rules.engine import SPEAKING, CompiledRule
from rules.steps import Step
from stamgast.domain.activation import Activation, held_timer
from stamgast.domain.calendar import business_day
from stamgast.domain.contact_policy import Decision, cools_down, is_held_out
from stamgast.domain.facts import Fact
from stamgast.domain.occasions import STEP
from stamgast.domain.told import Arm
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import NoteKind, Reason, Status, Verdict
from stamgast.service import budgets, deeds, drafts, measuring, messages, notices, offers, telling
from stamgast.service.case import Bundle, Case, Firing
from stamgast.service.ended import cause_of, forget_ended
from stamgast.service.reversals import next_generation
from stamgast.service.variants import way_of

_AT_ONCE: Final = Decision(Verdict.SUBMIT)
"""Of what no message tells nobody asks the gate."""


def each_of(case: Case, firing: Firing, steps: Sequence[Step]) -> Iterator[tuple[Firing, Step]]:
    """A firing of its own for each step: for an occasion of its own, so that each is sent and taken back by itself."""
    rule = firing.rule
    cooled = not firing.again and not (rule.cool_down and cools_down(case.customer, rule.id, rule.cool_down, case.at))
    for step in steps:
        occasion = f"{firing.occasion}{STEP}{step.key}" if step.key else firing.occasion
        yield replace(firing, occasion=occasion, of=firing.occasion, step=step.key, cooled=cooled), step


def let_wait(case: Case, firing: Firing, step: Step) -> None:
    """Hold a step until its time."""
    rule = firing.rule
    if firing.again:
        generation = next_generation(case, rule.id, firing.occasion)
        if generation is None:  # it waits, or has been: what was given then may be open again
            deeds.do(case, firing, step.deeds)
            return
        firing = replace(firing, generation=generation)
    promised = rule.earned and bool(step.deeds)
    if case.left.messages <= 0 or messages.too_many_wait(case.customer.moving):
        messages.count_too_many(case, rule)
        if promised:  # at once rather than never
            deeds.do(case, firing, step.deeds)
        return
    case.left.messages -= 1
    activation = drafts.drafted(case, firing, step)
    withheld = _withheld(case, firing)
    due = max(_due(case.context.bundle, activation, step), case.at)
    if rule.hold_out and not firing.again and _is_compared_by(rule, step):
        measuring.decided(case, rule, withheld, activation.variant, due)
    case.customer.moving = [*case.customer.moving, activation]
    if withheld and not promised:
        messages.suppress(case, activation, withheld, due)
        forget_ended(case)
        return
    if activation.plan is not None:
        activation.plan.withheld = withheld
    activation.reason = Reason.NOT_YET
    _set(case, activation, due)
    arm, reason = (Arm.HELD_OUT, "") if withheld == Reason.HOLDOUT else (Arm.WAITS, Reason.NOT_YET)
    telling.decision(case, arm, rule.id, activation.occasion, reason, activation, due)
    if activation.template:
        case.note(activation, NoteKind.DECIDED)


def _is_compared_by(rule: CompiledRule, step: Step) -> bool:
    """Whether it is the first thing that those held out are not given: what was earned is given to everybody."""
    branch = rule.steps if step in rule.steps else rule.other_steps
    return next((each is step for each in branch if not rule.earned or each.send is not None), False)


def _withheld(case: Case, firing: Firing) -> str:
    """Why it can be said already that no message goes; empty: that is asked when its time has come."""
    rule = firing.rule
    if case.late and not rule.send_late:
        return Reason.LATE
    if rule.cool_down and not firing.cooled and not firing.again:
        return Reason.COOL_DOWN
    hold_out = rule.hold_out if case.context.mind_holdout else 0
    return Reason.HOLDOUT if is_held_out(case.program.merchant, rule.id, case.customer_id, hold_out) else ""


def _due(bundle: Bundle, activation: Activation, step: Step) -> Millis:
    since = activation.decided_at if activation.plan is None else activation.plan.since
    return since if step.delay is None else step.delay.after(since, bundle.program.time_zone)


def _set(case: Case, activation: Activation, due: Millis) -> None:
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    own = None if rule is None else rule.give_up_after
    life = case.program.messaging.give_up_after if own is None else own
    activation.release_at = max(due, case.at)
    activation.expires_at = activation.release_at + life
    case.customer.timers[held_timer(activation.id)] = activation.release_at


def hear(case: Case, facts: Sequence[Fact]) -> None:
    """Call off what waits for its time and was to come only unless one of these came about."""
    for activation in [each for each in case.customer.moving if each.waits_for_its_time]:
        step = _step_of(case, activation)
        if step is not None and any(_calls_off(step, activation, fact) for fact in facts):
            case.customer.timers.pop(held_timer(activation.id), None)
            messages.suppress(case, activation, Reason.CALLED_OFF)
    forget_ended(case)


def _calls_off(step: Step, activation: Activation, fact: Fact) -> bool:
    """What the rule fired for does not call it off, nor does a purchase that was before and arrives only now."""
    if fact.occasion == cause_of(activation) or not any(fact.name in each.fact_names for each in step.unless):
        return False
    since = activation.decided_at if activation.plan is None else activation.plan.since
    if fact.purchase is not None and fact.purchase.occurred_at < since:
        return False
    return any(fact.name in each.fact_names and each.fires(fact) for each in step.unless)


def _step_of(case: Case, activation: Activation) -> Step | None:
    return _step_in(case.context.bundle, activation)


def _step_in(bundle: Bundle, activation: Activation) -> Step | None:
    """Its step as the rule in force has it."""
    rule = bundle.rules.by_id.get(activation.rule)
    return None if rule is None or activation.plan is None else rule.step(activation.plan.step)


def place_of(case: Case, activation: Activation) -> int:
    """Where it stands among the steps of its rule."""
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    if rule is None or activation.plan is None:
        return 0
    keys = [step.key for step in rule.all_steps]
    return keys.index(activation.plan.step) if activation.plan.step in keys else 0


def plan_anew(case: Case) -> None:
    """Another programme is in force: what waits, waits as long as its rule says now."""
    for activation in case.customer.moving:
        due = due_by(case.context.bundle, activation)
        if due is not None and due != activation.release_at:
            _set(case, activation, due)


def due_by(bundle: Bundle, activation: Activation) -> Millis | None:
    """When its time comes by the rules in force; None: it does not wait for that, or is in no rule any more."""
    step = _step_in(bundle, activation) if activation.waits_for_its_time else None
    return None if step is None else _due(bundle, activation, step)


def come_true(case: Case, activation: Activation, rule: CompiledRule | None) -> bool:
    """Its time has come, unless the rule waits longer by now. Returns whether it stays among the activations."""
    step = _step_of(case, activation)
    if rule is None or rule.status not in SPEAKING:
        messages.suppress(case, activation, Reason.RULE_NOT_LIVE)
    elif step is None or activation.plan is None:
        messages.suppress(case, activation, Reason.RULE_CHANGED)
    elif _due(case.context.bundle, activation, step) > case.at:
        _set(case, activation, _due(case.context.bundle, activation, step))
    elif not rule.earned and rule.ends is not None and rule.ends < business_day(case.at, case.program.time_zone):
        messages.suppress(case, activation, Reason.RULE_OVER)
    elif not messages.still_true(case, activation):
        messages.suppress(case, activation, Reason.NO_LONGER_TRUE)
    else:
        return _carry_out(case, activation, rule, step)
    return True


def _carry_out(case: Case, activation: Activation, rule: CompiledRule, step: Step) -> bool:
    activation.reason = ""
    firing = _firing(activation, rule)
    reason = _withheld_now(case, activation, rule)
    if step.notices and not reason:
        notices.tell(case, firing, step.notices)
    if step.send is None:
        reason = "" if rule.earned else reason or offers.why_not(case, firing, step)
        if reason:
            messages.suppress(case, activation, reason)
            return True
        if rule.budgets and not rule.earned and budgets.waits(case, activation, rule, _AT_ONCE, step):
            return True
        _give_unsaid(case, activation, firing, step)
        return False
    _word(case, activation, rule, step)
    if rule.earned and step.deeds:
        drafts.speak_of(activation, deeds.do(case, firing, step.deeds))
    decision = Decision(Verdict.SUPPRESS, reason) if reason else messages.ask_gate(case, activation, rule)
    asks = messages.asks_for_money(rule, step, decision)
    if asks and budgets.waits(case, activation, rule, decision, step):
        return True
    if step.deeds and not rule.earned and decision.verdict is not Verdict.SUPPRESS:
        messages.offer_with(case, activation, firing, step)
    decision = _about_what_was_given(case, activation, rule, step, decision)
    if decision.reason == Reason.GAVE_UP and case.at >= activation.expires_at:
        messages.end(case, activation, Status.EXPIRED, Reason.GAVE_UP)
    else:
        messages.act_on(case, activation, rule, decision)
    return True


def go_on(case: Case, activation: Activation, rule: CompiledRule, step: Step | None) -> bool:
    """Budgets pay for it: give what it gives, and let it go if the gate still says so. As `come_true` for the answer.

    Without a step, for the rule was edited, it is a message that has nothing more to give.
    """
    if step is not None and not activation.template:
        firing = _firing(activation, rule)
        reason = offers.why_not(case, firing, step)
        if reason:
            messages.suppress(case, activation, reason)
            return True
        _give_unsaid(case, activation, firing, step)
        telling.decision(case, Arm.GIVEN, rule.id, activation.occasion)
        return False
    decision = messages.ask_gate(case, activation, rule)
    if step is not None and decision.verdict is not Verdict.SUPPRESS:
        if step.deeds and not rule.earned and not activation.offered:
            messages.offer_with(case, activation, _firing(activation, rule), step)
        decision = _about_what_was_given(case, activation, rule, step, decision)
    messages.act_on(case, activation, rule, decision)
    return True


def _give_unsaid(case: Case, activation: Activation, firing: Firing, step: Step) -> None:
    case.paying = case.customer.charges.pop(activation.id, None)
    deeds.do(case, firing, step.deeds)
    budgets.paid(case, budgets.message_of(activation))
    offers.note(case, firing)


def _about_what_was_given(
    case: Case, activation: Activation, rule: CompiledRule, step: Step, decision: Decision
) -> Decision:
    """A message about what the rule gave before it; there is nothing to tell where that was withheld."""
    if activation.voucher or decision.verdict is Verdict.SUPPRESS or not drafts.tells_of_voucher(rule, step):
        return decision
    voucher = drafts.given_for(case, rule.id, cause_of(activation))
    drafts.speak_of(activation, voucher)
    activation.offered = not rule.earned
    return Decision(Verdict.SUPPRESS, Reason.NO_LONGER_TRUE) if voucher is None else decision


def _withheld_now(case: Case, activation: Activation, rule: CompiledRule) -> str:
    if activation.plan is not None and activation.plan.withheld:
        return activation.plan.withheld
    if case.late and not rule.send_late:
        return Reason.LATE
    return Reason.GAVE_UP if case.at >= activation.expires_at else ""


def _firing(activation: Activation, rule: CompiledRule) -> Firing:
    """As it was when it began to wait."""
    plan, cause = activation.plan, cause_of(activation)
    data = {name: value for name, value in activation.data.items() if name != "cause"}
    fact = Fact(rule.fact_names[0], cause, data=data)
    of, step = ("", "") if plan is None else (plan.of, plan.step)
    return Firing(rule, fact, activation.occasion, False, activation.generation, of=of, step=step, cooled=True)


def _word(case: Case, activation: Activation, rule: CompiledRule, step: Step) -> None:
    """It says what the rule says now: the template may be another one since it began to wait."""
    if step.send is None or activation.plan is None:
        return
    ways = {variant.name: way for variant, way in zip(step.send.variants, step.send.ways, strict=False)}
    way = ways.get(activation.plan.variant)
    if way is None:
        way, activation.plan.variant = way_of(case, rule.id, step.send)
    template = case.program.templates[way.template]
    activation.template, activation.purpose = template.id, template.purpose
    activation.channel, activation.other_channels = way.by[0], list(way.by[1:])
    activation.priority, activation.value = rule.priority, rule.value
