"""From what was counted to the answer: figures per rule, limits a day, overlaps, samples, and the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from rules.engine import CompiledRule
from stamgast.backtest.account import SAMPLES, Account, RuleTally, Sample, Sent
from stamgast.backtest.csv_past import columns_of
from stamgast.backtest.plan import CsvData, LogData, Plan, is_by_hand
from stamgast.backtest.preview import Previews
from stamgast.backtest.shares import Results
from stamgast.backtest.spent import budgets_of
from stamgast.backtest.unknown import unknown_to_file
from stamgast.clock.shop_time import format_time
from stamgast.domain.calendar import date_of
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Minor
from stamgast.domain.vocabulary import Reason
from stamgast.programs.record import load_record
from stamgast.service import Bundle

MOST_OVERLAPS: Final = 20


def document_of(plan: Plan, results: Results) -> dict[str, Any]:
    """Return the whole answer, as `--json` prints it. Money is in minor units of the programme's currency."""
    bundle, baseline = plan.bundle(), plan.baseline()
    account, program = results.account, bundle.program
    shown = plan.named or tuple(rule.id for rule in bundle.rules.all)
    unknown = _not_known(plan, account)
    rules = {
        rule: figures_of(account.rules.get(rule, RuleTally()), bundle, rule) | {"not_known": unknown.get(rule, [])}
        for rule in shown
    }
    return {
        "merchant": program.merchant,
        "from": str(date_of(plan.first)),
        "to": str(date_of(plan.last)),
        "data": plan.data.path if isinstance(plan.data, CsvData) else "log",
        "currency": program.currency,
        "time_zone": program.time_zone,
        "prices_known": program.prices_known,
        "rewards_without_cost": sorted({each for rule in shown for each in _of_unknown_cost(account, rule, program)}),
        "customers": account.customers,
        "purchases": account.purchases,
        "left_out": account.left_out,
        "passed_over": account.passed_over,
        "rules": rules,
        "budgets": budgets_of(account, bundle),
        "budgets_settled": account.settled,
        "cards": dict(sorted(account.cards.items())),
        "lapses": account.lapses.document(),
        "messages_per_customer_week": weeks_of(account),
        "overlaps": _overlaps(account, shown),
        "samples": [_sample(sample, program) for sample in chosen_samples(account, shown)],
        "difference": _difference(bundle, account, baseline, results.against),
    }


def _not_known(plan: Plan, account: Account) -> Mapping[str, list[str]]:
    """What rules ask about that a file cannot tell; the log tells all of it, but who is on a list that nobody fixed."""
    loaded = load_record(plan.record)
    found: dict[str, list[str]] = {}
    if isinstance(plan.data, CsvData):
        found |= unknown_to_file(loaded, columns_of(Path(plan.data.path)))
    for rule in plan.bundle().rules.all:
        audience = rule.trigger.audience
        if audience is not None and audience.file:
            found.setdefault(rule.id, []).append(_whom(rule, audience.name, account, plan.data))
        if is_by_hand(rule) and not plan.starts:
            found.setdefault(rule.id, []).append(
                "nobody started it here: --campaign-at 2026-10-01 plays its start (10:00; or with a time of day), and "
                f"`stamgast campaign start {rule.id} --dry-run` counts whom it would reach now"
            )
    return found


def _whom(rule: CompiledRule, audience: str, account: Account, data: CsvData | LogData) -> str:
    """Who was asked by a rule of a list."""
    listed = account.lists.get(rule.id)
    if listed is not None:
        return f"it is for the list {audience}: {listed.found:,} of the {listed.size:,} on it are in this past"
    fixes = f"`stamgast campaign {'start' if is_by_hand(rule) else 'audience'} {rule.id}` fixes it"
    how = "--audience FILE says it" + ("" if isinstance(data, CsvData) else f", and {fixes}")
    return f"it is for the list {audience}, and who is on it is not known here: everybody is asked; {how}"


def figures_of(tally: RuleTally, bundle: Bundle, rule: str) -> dict[str, Any]:
    """Return one rule's figures, with what its limit of messages a day would have cut off."""
    compiled = bundle.rules.by_id.get(rule)
    per_day = 0 if compiled is None else compiled.per_day
    sent = {day: _within(each, per_day) for day, each in tally.sent.items()}
    cut_off = sum(each.messages for each in tally.sent.values()) - sum(each.messages for each in sent.values())
    withheld = dict(tally.withheld)
    if cut_off:
        withheld[Reason.RULE_LIMIT] = withheld.get(Reason.RULE_LIMIT, 0) + cut_off
    return {
        "status": "" if compiled is None else str(compiled.status),
        "reached": tally.reached,
        "fired": tally.fired,
        "not_met": tally.not_met,
        "shadow": tally.shadow,
        "raised": tally.raised,
        "notices": tally.notices,
        "would_send": sum(each.messages for each in sent.values()),
        "given": sum(tally.given.values()),
        "withheld": dict(sorted(withheld.items(), key=lambda each: -each[1])),
        "unsendable": dict(sorted(tally.unsendable.items())),
        "sms_parts": sum(each.parts for each in sent.values()),
        "cost_minor": round(sum(each.mills for each in sent.values()) / 1000),
        "reward_cost_minor": _reward_cost(tally.given, bundle.program),
    }


def by_week(tally: RuleTally) -> dict[Day, int]:
    """Monday -> messages of a rule in that week."""
    weeks: dict[Day, int] = {}
    for day, sent in tally.sent.items():
        monday = day - (day + 3) % 7
        weeks[monday] = weeks.get(monday, 0) + sent.messages
    return dict(sorted(weeks.items()))


def weeks_of(account: Account) -> dict[str, Any]:
    """Return how many messages people get in a week in which they get any, and how many weeks were of which kind."""
    weeks = sum(account.weeks.values())
    messages = sum(number * times for number, times in account.weeks.items())
    return {
        "mean": round(messages / weeks, 3) if weeks else 0.0,
        "most": max(account.weeks, default=0),
        "weeks": {str(number): times for number, times in sorted(account.weeks.items())},
    }


def chosen_samples(account: Account, rules: Iterable[str]) -> list[Sample]:
    """Up to `SAMPLES` messages, of each rule as many as of any other while they last; the same ones every time."""
    turns = zip_longest(*(account.samples.get(rule, ()) for rule in rules))
    return [sample for turn in turns for sample in turn if sample is not None][:SAMPLES]


def _within(sent: Sent, per_day: int) -> Sent:
    """What of a day's messages a limit lets through; parts and price are those of the day's average message."""
    if not 0 < per_day < sent.messages:
        return sent
    share = per_day / sent.messages
    return Sent(per_day, round(sent.parts * share), round(sent.mills * share))


def _reward_cost(given: Mapping[str, int], program: Program) -> Minor:
    costs = {reward.id: reward.promised for reward in program.rewards.values()}
    return sum(times * costs.get(reward, 0) for reward, times in given.items())


def _of_unknown_cost(account: Account, rule: str, program: Program) -> Iterable[str]:
    """Rewards that a rule gave, and of which program.yaml does not say what they cost."""
    given = account.rules.get(rule, RuleTally()).given
    return (each.id for each in program.rewards.values() if each.cost is None and given.get(each.id))


def _overlaps(account: Account, shown: Iterable[str]) -> list[dict[str, Any]]:
    concerned = set(shown)
    found = [(pair, overlap) for pair, overlap in account.overlaps.items() if concerned.intersection(pair)]
    found.sort(key=lambda each: (-each[1].customers, each[0]))
    return [
        {"rules": list(pair), "customers": overlap.customers, "both_wrote": overlap.both}
        for pair, overlap in found[:MOST_OVERLAPS]
    ]


def _sample(sample: Sample, program: Program) -> dict[str, Any]:
    _, rule, at, submission = sample
    return {
        "rule": rule,
        "at": format_time(at),
        "customer": submission.customer,
        "channel": submission.channel,
        "staff": submission.staff or None,
        "language": submission.language,
        "text": Previews(program).text(submission),
    }


def _difference(
    bundle: Bundle, account: Account, baseline: Bundle | None, against: Account | None
) -> dict[str, Any] | None:
    if baseline is None or against is None:
        return None
    rules = {}
    for rule in sorted({*bundle.rules.by_id, *baseline.rules.by_id}):
        new = figures_of(account.rules.get(rule, RuleTally()), bundle, rule)
        old = figures_of(against.rules.get(rule, RuleTally()), baseline, rule)
        figures = ("reached", "would_send", "given", "sms_parts", "cost_minor", "reward_cost_minor")
        changed = {name: new[name] - old[name] for name in figures if new[name] != old[name]}
        if changed or rule not in baseline.rules.by_id or rule not in bundle.rules.by_id:
            rules[rule] = changed
    return {"against": baseline.hash[:12], "rules": rules, "messages_per_customer_week": weeks_of(against)}
