"""Runs the `tests:` of rules through the engine itself, in virtual time.

A test sees its own rule alone, or with those that it names, live and without a holdout, for one customer who agreed
to every message and speaks the programme's first language unless the test says otherwise. After the last step a day
passes, so that what waits for the morning goes out; and a day after what a rule lets wait. What the rules do must be
expected: a gift that nobody thought of is a mistake. What is withheld may be expected, with the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rules.loader import LoadedMerchant
from rules.rule_set import RuleSet
from rules.testing.cases import ALSO, ANYTHING, NOTHING, Expectation, RuleTest
from rules.testing.friends import FriendBuys, FriendReturns
from rules.testing.givens import Buy, FeedTurns, GiveBack, time_of
from rules.testing.happenings import BeAsked, Consent, GetReward, Join, Post, Redeem, Reply, Start, Tell, Win
from stamgast.domain.budgets import MILLS
from stamgast.domain.calendar import business_day, date_of, local_time
from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.draw_events import DrawnFor
from stamgast.domain.draws import Entered, Entry
from stamgast.domain.events import (
    AnyEvent,
    ConsentChanged,
    Enrolled,
    Line,
    OwnEvent,
    Purchase,
    PurchaseChanged,
    Scheduled,
)
from stamgast.domain.feed_health import Health
from stamgast.domain.net_purchase import net
from stamgast.domain.program import Program
from stamgast.domain.recommendations import RECOMMENDED
from stamgast.domain.review import decode_waiting
from stamgast.domain.transactions import Refund, Snapshot, Transaction
from stamgast.domain.units import DAY, MINUTE, Millis
from stamgast.domain.vocabulary import ActivationState, Channel, Happened, Purpose, RuleStatus
from stamgast.programs.friends_in_tests import Friends
from stamgast.programs.played_redemptions import redeemed_at
from stamgast.programs.played_replies import Replies, joins_in_it
from stamgast.service import Bundle
from stamgast.simulate import OFFER, TO, Happening, Simulation

CUSTOMER = "c" + "a" * 24
AFTERWARDS = DAY
MOST_ROUNDS = 3
"""Times that what waits is waited for: a rule may begin to wait anew meanwhile, every year."""
MOST_TOLD = 5
"""Things beyond what was expected that a failure tells one by one."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """One case's outcome.

    `missing` says what did not happen as expected, `unexpected` what happened beyond it, `happened` all that did.
    """

    __test__ = False
    """It is no test case of pytest's."""

    case: RuleTest
    missing: tuple[str, ...]
    happened: tuple[str, ...]
    unexpected: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """The rules that were played: first the one whose test it is."""
    withheld: tuple[Happening, ...] = ()
    """What was held back, and why."""

    @property
    def passed(self) -> bool:
        """Whether everything expected happened, and nothing else."""
        return not self.missing and not self.unexpected


def run_tests(loaded: LoadedMerchant) -> list[TestResult]:
    """Run every case of a merchant, in the order of the files."""
    cases = [case for case in loaded.tests if case.rule in loaded.rules.by_id]
    return [run_test(case, loaded.program, loaded.rules) for case in cases]


def run_test(case: RuleTest, program: Program, rules: RuleSet) -> TestResult:
    """Play one case."""
    played = _played(case, rules)
    bundle = Bundle(0, "", program, rules.only(played, case.held_out_of, case.variant))
    simulation = Simulation(bundle, mind_holdout=bool(case.held_out_of))
    simulation.tells_others = True
    if case.budget_left is not None:
        simulation.budget_left = case.budget_left * MILLS
    simulation.messages_left = case.messages_left
    simulation.luck = {}
    refused = play(simulation, case)
    _wait_for_all(simulation, _end(case, simulation.now))
    mine = (each for each in simulation.happened if each.customer == CUSTOMER)  # not what friends come to
    happened = [each for each in mine if each.rule in ("", *played)]
    several = len(played) > 1
    seen = [_in_words(each, program, several=several) for each in happened]
    seen += [f"{_whose(rule, several=several)} raised {message}" for rule, message in simulation.failures]
    seen += [f"a purchase waits for a person: {_why(each, program)}" for each in simulation.reviews.values()]
    seen += [f"no voucher was there to be redeemed at {_clock(at, program)}" for at in refused]
    seen += _waiting(simulation, program)
    missing, beyond = _compare(case.expects, happened, program)
    unexpected = () if case.also_anything else tuple(_told(beyond, program, several=several))
    withheld = tuple(each for each in happened if each.kind is Happened.WITHHELD)
    return TestResult(case, missing, tuple(seen), unexpected, played, withheld)


def _played(case: RuleTest, rules: RuleSet) -> tuple[str, ...]:
    """The rule whose test it is, and the others."""
    live = (rule.id for rule in rules.all if rule.status == RuleStatus.LIVE) if case.others.all_live else ()
    return tuple(dict.fromkeys((case.rule, *case.others.ids, *live)))


def _whose(rule: str, *, several: bool) -> str:
    return f"the rule {rule}" if several else "the rule"


def _waiting(simulation: Simulation, program: Program) -> Iterable[str]:
    """Messages that still wait when the test is over, such as for room under a cap."""
    for state in simulation.states.values():
        for each in decode_customer(state).activations:
            if each.state == ActivationState.HELD:
                until = f", until {_clock(each.release_at, program)}" if each.release_at else ""
                yield f"{each.template or OFFER} of {each.rule} still waits ({each.reason}){until}"


def _why(waiting: bytes, program: Program) -> str:
    return decode_waiting(waiting).why.in_words(program.currency)


def play(simulation: Simulation, case: RuleTest) -> list[Millis]:
    """Let everything that a case is given happen; when a voucher was asked for that was not there."""
    refused: list[Millis] = []
    program = simulation.bundle.program
    if not joins_in_it(program, case.steps):
        first = min((time_of(step) for step in case.steps), default=0)
        simulation.feed(_joining(case, program, first - 60 * MINUTE))
    for part in _given(case, program):
        if isinstance(part, FeedTurns):
            turned = _turned(simulation.bundle.program, part)
            simulation.bring_into_force(replace(simulation.bundle, program=turned), part.at)
        elif isinstance(part, GetReward):
            key = (program.merchant, CUSTOMER)
            simulation.hand_out(key, part.reward, part.at)
        elif isinstance(part, BeAsked):
            simulation.ask((program.merchant, CUSTOMER), part.question, part.at)
        elif isinstance(part, Win):
            simulation.feed(_won(simulation, part))
        elif isinstance(part, Redeem):
            redeemed = redeemed_at(simulation, part, program, CUSTOMER)
            if not redeemed.code:
                refused.append(part.at)
            simulation.feed((redeemed,))
        else:
            simulation.feed((part,))
    return refused


def _won(simulation: Simulation, step: Win) -> Iterable[AnyEvent]:
    """Who takes part is told of a draw; of an instant win tickets hit that from now on."""
    program = simulation.bundle.program
    if program.draws[step.draw].instant:
        simulation.luck = {**(simulation.luck or {}), step.draw: step.reward}
        return
    _take_part(simulation, step)
    place = 1 if step.reward else 0
    merchant, reward = program.merchant, step.reward
    yield DrawnFor(merchant=merchant, customer=CUSTOMER, at=step.at, draw=step.draw, reward=reward, place=place)


def _take_part(simulation: Simulation, step: Win) -> None:
    """Whoever wins or loses took part: by which rule is not this test's matter."""
    simulation.advance(step.at)
    key = (simulation.bundle.program.merchant, CUSTOMER)
    state = simulation.state(key) or Customer()
    if step.draw not in state.draws:
        state.draws[step.draw] = Entered([Entry("test", "", "test", 0)])
        simulation.states[key] = encode_customer(state)


def _turned(program: Program, step: FeedTurns) -> Program:
    """The programme once its tills are heard like this."""
    feeds = program.store_feeds
    if not feeds.by_store:
        return replace(program, feed_healthy=step.health is Health.HEALTHY)
    told = dict.fromkeys([step.store] if step.store else program.stores, step.health)
    unwell = {store: each for store, each in {**feeds.unwell, **told}.items() if each is not Health.HEALTHY}
    return replace(program, store_feeds=replace(feeds, unwell=unwell))


def _wait_for_all(simulation: Simulation, end: Millis) -> None:
    """Let a day pass, and another one after whatever the rule itself waits for."""
    for _ in range(MOST_ROUNDS):
        simulation.advance(end)
        states = (decode_customer(state) for state in simulation.states.values())
        waiting = [each.release_at for state in states for each in state.activations if each.waits_for_its_time]
        if not waiting:
            return
        end = max(waiting) + AFTERWARDS


def _end(case: RuleTest, now: Millis) -> Millis:
    last = max((each.at + MINUTE for each in case.expects if each.at is not None), default=now)
    until = max((time_of(step) for step in case.steps if not isinstance(step, Buy | GiveBack)), default=now)
    return max(now, last, until) + AFTERWARDS


def _joining(
    case: RuleTest, program: Program, joined: Millis, source: str = "", *, agrees: bool = True
) -> Iterable[AnyEvent]:
    """The customer joins, and agrees to every message in the same breath."""
    merchant, language = program.merchant, case.language or program.languages[0]
    if agrees:
        yield from _consenting(program, Consent(joined, True, tuple(Purpose), tuple(Channel)))
    yield Enrolled(
        merchant=merchant, customer=CUSTOMER, at=joined, language=language, acquisition_source=source or None
    )


def _consenting(program: Program, step: Consent) -> Iterable[AnyEvent]:
    for purpose in step.purposes:
        for channel in step.channels:
            yield ConsentChanged(
                merchant=program.merchant,
                customer=CUSTOMER,
                at=step.at,
                purpose=purpose,
                channel=channel,
                granted=step.given,
            )


def _given(case: RuleTest, program: Program) -> Iterable[AnyEvent | FeedTurns | GetReward | Redeem | BeAsked | Win]:
    """The steps as intake would append them, and what the feed's watch would say."""
    bought: list[tuple[str, Transaction]] = []
    friends, replies = Friends(program, CUSTOMER), Replies(program, CUSTOMER, case.steps)
    for step in case.steps:
        if isinstance(step, Buy):
            transaction = Transaction(snapshot=_snapshot(step, program))
            bought.append((f"test:{len(bought) + 1}", transaction))
            yield _changed(program, step.at, bought[-1], None)
        elif isinstance(step, GiveBack):
            name, transaction = bought[step.purchase]
            before = net(transaction)
            _refund(transaction)
            yield _changed(program, step.at, (name, transaction), before)
        elif isinstance(step, Join):
            yield from _joining(case, program, step.at, step.source, agrees=step.agrees)
        elif isinstance(step, Consent):
            yield from _consenting(program, step)
        elif isinstance(step, Reply):
            yield from replies.wrote(step)
        elif isinstance(step, Tell | Post | Start):
            yield _said(program, step, case.rule)
        elif isinstance(step, FriendBuys | FriendReturns):
            yield from friends.play(step)
        elif isinstance(step, FeedTurns | GetReward | Redeem | BeAsked | Win):
            yield step


def _said(program: Program, step: Tell | Post | Start, rule: str) -> AnyEvent:
    merchant = program.merchant
    if isinstance(step, Start):
        return Scheduled(merchant=merchant, customer=CUSTOMER, at=step.at, rule=rule, occasion=step.at)
    if isinstance(step, Tell):
        return Enrolled(merchant=merchant, customer=CUSTOMER, at=step.at, birthday=step.birthday)
    return OwnEvent(
        merchant=merchant,
        customer=CUSTOMER,
        at=step.at,
        id=f"test:{step.at}",
        name=step.event,
        happened_at=step.at,
        fields=dict(step.fields),
    )


def _changed(program: Program, at: Millis, bought: tuple[str, Transaction], before: Purchase | None) -> PurchaseChanged:
    name, transaction = bought
    return PurchaseChanged(
        merchant=program.merchant,
        customer=CUSTOMER,
        at=at,
        transaction=name,
        before=before,
        after=net(transaction),
        happened_at=at,
    )


def _snapshot(step: Buy, program: Program) -> Snapshot:
    line = Line(id="1", gross=step.amount, sku=step.product, category=step.category)
    return Snapshot(1, "completed", step.at, step.store, program.currency, step.amount, (line,))


def _refund(transaction: Transaction) -> None:
    sale = transaction.snapshot
    if sale is not None:
        transaction.refunds = {"refund": Refund(1, sale.gross, sale.lines)}


def _compare(
    expects: Iterable[Expectation], happened: Iterable[Happening], program: Program
) -> tuple[tuple[str, ...], list[Happening]]:
    """What did not happen, and what the rule did beyond what was expected; each expectation stands for one thing."""
    left, missing = list(happened), []
    for expected in expects:
        if expected.kind == NOTHING:
            continue
        match = next((each for each in left if _fits(expected, each, program)), None)
        if match is None:
            missing.append(f"did not happen: {expected.text}{_another_reason(expected, left)}")
        else:
            left.remove(match)
    return tuple(missing), [each for each in left if not _is_no_doing_of_the_rule(each)]


def _another_reason(expected: Expectation, happened: Iterable[Happening]) -> str:
    """Why it was withheld, where that is not why it should have been."""
    if not expected.because:
        return ""
    reasons = (each.reason for each in happened if each.kind is Happened.WITHHELD and expected.what in _named(each))
    found = ", ".join(dict.fromkeys(reasons))
    return f"; it was withheld because: {found}" if found else ""


def _named(happening: Happening) -> tuple[str, ...]:
    """What it can be called: the template, and the rewards that went with it."""
    return (happening.what, *happening.data.get("offers", ()))


def _told(unexpected: list[Happening], program: Program, *, several: bool) -> Iterable[str]:
    for each in unexpected[:MOST_TOLD]:
        line = f'{{{each.kind}: {each.what}, at: "{_clock(each.at, program)}"}}'
        words = _in_words(each, program, several=several)
        yield f"happened, and is not expected: {words}. If it should, add to `expect`: {line}"
    if len(unexpected) > MOST_TOLD:
        yield f"happened, and is not expected: {len(unexpected) - MOST_TOLD} more"
    if unexpected:
        yield f"write `{ALSO}: {ANYTHING}` beside `expect` if it does not matter what else happens"


def _is_no_doing_of_the_rule(happening: Happening) -> bool:
    """What was withheld, and rewards that a card gives by itself."""
    return happening.kind is Happened.WITHHELD or (
        happening.kind in {Happened.GIVE, Happened.WITHDRAW} and not happening.rule
    )


def _fits(expected: Expectation, happening: Happening, program: Program) -> bool:
    if happening.kind != expected.kind or expected.what not in _named(happening):
        return False
    if expected.because and happening.reason != expected.because:
        return False
    if happening.kind is Happened.GIVE and expected.to != happening.data.get(TO, ""):
        return False
    if expected.product and expected.product != _recommended(happening):
        return False
    if expected.on is not None and business_day(happening.at, program.time_zone) != expected.on:
        return False
    return expected.at is None or happening.at // MINUTE == expected.at // MINUTE


def _in_words(happening: Happening, program: Program, *, several: bool) -> str:
    because = f" ({happening.reason})" if happening.reason else ""
    of = f" of {happening.rule}" if several and happening.rule else ""
    offers = happening.data.get("offers", ())
    with_it = f" with {', '.join(offers)}" if offers else ""
    if product := _recommended(happening):
        with_it += f" of the product {product}"
    if whom := happening.data.get(TO):
        with_it += f" to the {whom}"
    return f"{happening.kind} {happening.what}{with_it}{of}{because} at {_clock(happening.at, program)}"


def _recommended(happening: Happening) -> str:
    """The product that a message names; empty for one that names none."""
    sku: str = happening.data.get(RECOMMENDED, ("",))[0]
    return sku


def _clock(at: Millis, program: Program) -> str:
    local = local_time(at, program.time_zone)
    return f"{date_of(local.day)} {local.minute // 60:02}:{local.minute % 60:02}"


__all__ = ["TestResult", "play", "run_test", "run_tests"]
