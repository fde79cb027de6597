"""Closed sets of words: each has what people read of it, and nothing that is decided by is spelled anew elsewhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stamgast.domain.counters
import stamgast.domain.vocabulary
import stamgast.service.due
from channels.model import Fault
from channels.reasons import reason_of
from rules.language.triggers import TRIGGERS
from stamgast.domain.activation import FINAL_WITHOUT_SEND, RANKS
from stamgast.domain.facts import CARRIES
from stamgast.domain.vocabulary import FactName, Reason, Status, TimerKind, Treatment
from stamgast.people.why import REASONS
from stamgast.service.due import MEANS
from stamgast.service.worth import FACTS

ROOT = Path(__file__).parents[3]
PACKAGES = ("stamgast", "streams", "rules", "channels")
SAYS = {Path(stamgast.domain.counters.__file__), Path(stamgast.domain.vocabulary.__file__)}
READ_FROM_OUTSIDE = {
    ("channels/model.py", "in_doubt"),  # Outcome: what a call to a carrier comes to
    ("channels/model.py", "bad_number"),  # Fault and Treatment have words of their own, held against Reason below
    ("channels/model.py", "opt_out"),
    ("channels/model.py", "too_long"),
    ("channels/model.py", "not_on_channel"),
    ("stamgast/sandbox/control.py", "opt_out"),  # the stand-in of another house
    ("stamgast/domain/events.py", "opted_out"),  # tag of an event on the log
    ("stamgast/web/api/vouchers.py", "taken_back"),  # field of an answer
    ("stamgast/marketer/rules.py", "opted_out"),  # field of a report
    ("stamgast/backtest/unknown.py", "reward_redeemed"),  # a trigger, which is called as its fact is
    ("stamgast/demo/board.py", "taken_back"),  # field of a page
    ("stamgast/domain/told.py", "taken_back"),  # word of facts.v1
    ("stamgast/domain/referrals.py", "taken_back"),  # words of facts.v1 and of answers, in enums of their own
    ("stamgast/domain/referrals.py", "too_many"),
    ("stamgast/domain/brought.py", "taken_back"),  # field of an answer
    ("stamgast/domain/referral_events.py", "friend_bought"),  # tag of an event on the log
    *(
        (f"stamgast/web/openapi/{name}.py", word)  # fields of answers
        for name in ("answers", "story")
        for word in ("opted_out", "taken_back", "too_many")
    ),
    ("stamgast/domain/measuring.py", "opted_out"),  # word of a sum
    ("stamgast/domain/earned.py", "opted_out"),  # field of an answer
    ("stamgast/commands/report.py", "opted_out"),
    ("stamgast/commands/report_page.py", "opted_out"),
    ("streams/metrics.py", "feed_stale"),  # name of a metric
    ("rules/rule_reader.py", "cool_down"),  # word of a rule
    ("rules/lint.py", "cool_down"),
    ("rules/advice/conditions.py", "tier_changed"),  # words of rules and of their tests
    ("rules/testing/steps.py", "taken_back"),
    ("rules/rule_reader.py", "undo_window"),  # the reason has the word's own name
    ("rules/schema.py", "undo_window"),
    ("stamgast/domain/trip_wires.py", "opted_out"),  # Wire: what a rule that was launched trips over
    ("rules/read_back.py", "cool_down"),
    ("rules/language/wished.py", "reward_redeemed"),  # a word that is wished for
    ("rules/engine.py", "not_met"),  # field of a rule
    ("rules/language/triggers/cards.py", "stamp_card_completed"),  # words of rules
    ("rules/language/triggers/cards.py", "stamps_expiring"),
    ("rules/language/triggers/silence.py", "won_back"),
    ("rules/language/triggers/rewards.py", "reward_given"),
    ("rules/language/triggers/rewards.py", "reward_expired"),
    ("rules/language/triggers/rewards.py", "reward_redeemed"),
    ("rules/language/triggers/tiers.py", "tier_changed"),
    ("stamgast/domain/events.py", "own_event"),  # tag of an event on the log
}
"""The same letters that mean something else: the file, and the word."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path not in SAYS:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def test_people_can_read_every_reason():
    assert set(REASONS) == set(Reason)
    assert all(text and text != text.upper() for text in REASONS.values())


@pytest.mark.parametrize("fault", Fault)
def test_whatever_a_channel_finds_wrong_is_a_reason(fault):
    assert fault.reason in REASONS
    for treatment in Treatment:
        reason = reason_of(fault, treatment)
        assert reason == "" or reason in REASONS


def test_every_status_is_further_than_another_or_ends_what_was_never_submitted():
    assert {*RANKS, *FINAL_WITHOUT_SEND} == set(Status)


def test_triggers_listen_to_facts_that_are_emitted_and_documented():
    emitted = set(_emitted())
    assert set(CARRIES) == set(FactName)
    assert emitted == set(FactName)
    for trigger in TRIGGERS.words.values():
        assert set(trigger.facts) <= emitted, trigger.name


TOLD_TO_NOBODY = {FactName.STAMPS_TAKEN, FactName.STAMP_CARD_UNCOMPLETED}
"""Facts that take back what others brought; rules that listened are undone by them."""


def test_every_fact_has_a_trigger_that_waits_for_it():
    waited_for = {fact for trigger in TRIGGERS.words.values() for fact in trigger.facts}
    assert set(FactName) - waited_for == TOLD_TO_NOBODY


def test_every_timer_is_answered_when_it_is_due():
    """A kind that nobody knows there would be taken out of the state, and nothing would come of it."""
    tree = ast.parse(Path(stamgast.service.due.__file__).read_text())
    answered = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "TimerKind"
    }
    assert answered == {kind.name for kind in TimerKind}


def _emitted() -> Iterator[FactName]:
    """Facts that the domain or the service makes: what `Fact(…)` is called with there.

    That is a member, a constant of the module that is one, or what a table of the module gives.
    """
    for path, tree in sources():
        if not path.startswith(("stamgast/domain/", "stamgast/service/")):
            continue
        said = {name: list(_members(value)) for name, value in _assigned(tree)}
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Name(id="Fact"), args=[ast.Attribute(value=ast.Name(id="FactName")) as member, *_]
                ):
                    yield FactName[member.attr]
                case ast.Call(func=ast.Name(id="Fact"), args=[ast.Name(id=name), *_]) if name in said:
                    yield from said[name]
                case ast.Call(func=ast.Name(id="Fact"), args=[ast.Subscript(value=ast.Name(id=name)), *_]) if said.get(
                    name
                ):
                    yield from said[name]
    yield from FACTS.values()  # by `worth_facts`
    yield from (means[0] for means in MEANS.values())  # by the timers of staying away


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value


def _members(value: ast.expr) -> Iterator[FactName]:
    for node in ast.walk(value):
        match node:
            case ast.Attribute(value=ast.Name(id="FactName"), attr=name):
                yield FactName[name]


def test_words_that_are_decided_by_are_spelled_once():
    """Those of two words; those of one are too common to be told from others."""
    closed = {word for kind in (Reason, Status, FactName) for word in kind if "_" in word}
    spelled = {
        (name, node.value)
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in closed
    }
    assert spelled <= READ_FROM_OUTSIDE
