"""What a backtest says, held against the engine's own simulation of the same past, which counts nothing by itself."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stamgast.backtest.account import WAITING
from stamgast.backtest.csv_past import read_csv
from stamgast.backtest.findings import document_of
from stamgast.backtest.life import live
from stamgast.backtest.page import report_of
from stamgast.backtest.plan import Plan, Share
from stamgast.backtest.preview import Previews
from stamgast.backtest.sales import events_of
from stamgast.backtest.shares import play, run
from stamgast.backtest.words import in_words
from stamgast.domain.events import AnyEvent, Enrolled, Line, Purchase, PurchaseChanged
from stamgast.domain.units import DAY
from stamgast.domain.vocabulary import Happened
from stamgast.simulate import Simulation
from tests.unit.backtest.conftest import FILES, record_of

MakePlan = Callable[..., Plan]


def simulated(plan: Plan, past: Path) -> Simulation:
    """Everybody, one after the other, through the simulation that rule tests run on."""
    bundle = plan.bundle()
    _, end = plan.span(bundle.program)
    simulation = Simulation(bundle)
    everybody = read_csv(past, bundle.program, Share(), end)
    events = [event for who, sales in everybody.items() for event in events_of(who, sales, bundle.program)]
    simulation.feed(sorted(events, key=lambda event: event.at))
    simulation.advance(end - 1)
    return simulation


def test_it_says_what_the_simulation_does(plan: MakePlan, past: Path):
    asked = plan(named=("big", "loaf", "visits"))
    found = document_of(asked, play(asked, Share()))
    happened = Counter((each.rule, each.kind) for each in simulated(asked, past).happened)
    assert found["customers"] == 200
    assert found["rules"]["visits"]["would_send"] == happened["visits", Happened.SEND] > 50
    loaf = found["rules"]["loaf"]
    assert (loaf["would_send"], loaf["given"]) == (happened["loaf", Happened.SEND], happened["loaf", Happened.GIVE])
    withheld = sum(loaf["withheld"].values()) - loaf["withheld"].get(WAITING, 0)
    assert withheld == happened["loaf", Happened.WITHHELD]


def test_processes_that_share_the_customers_come_to_the_same(plan: MakePlan):
    asked = plan(against=record_of({**FILES, "rules/visits.yaml": FILES["rules/visits.yaml"].replace(": 3", ": 4")}))
    assert document_of(asked, run(asked, 3)) == document_of(asked, run(asked, 1))


def test_money_is_that_of_parts_and_of_rewards(plan: MakePlan):
    found = document_of(plan(), play(plan(), Share()))
    loaf = found["rules"]["loaf"]
    assert loaf["cost_minor"] == 7 * loaf["sms_parts"] == 7 * loaf["would_send"]
    assert loaf["reward_cost_minor"] == 110 * loaf["given"] > 0


def test_rules_are_heard_from_the_first_day_on(plan: MakePlan):
    whole, half = (document_of(each, play(each, Share())) for each in (plan(), plan("2026-04-01")))
    assert 0 < half["rules"]["loaf"]["fired"] < whole["rules"]["loaf"]["fired"]
    assert half["purchases"] < whole["purchases"]
    # who had come three times before the first of April has nothing to reach
    assert 0 < half["rules"]["visits"]["fired"] < whole["rules"]["visits"]["fired"] / 2


def test_a_draft_is_silent_unless_it_is_named(plan: MakePlan):
    assert document_of(plan(), play(plan(), Share()))["rules"]["big"]["would_send"] == 0
    named = plan(named=("big",))
    found = document_of(named, play(named, Share()))
    assert list(found["rules"]) == ["big"]
    assert found["rules"]["big"]["would_send"] > 100


def test_a_draft_has_no_figures_in_words_and_what_nobody_told_the_cost_of_is_not_free(plan: MakePlan):
    program = FILES["program.yaml"].replace("costs: {contact: {sms: 0.07 EUR}}\n", "").replace(", cost: 1.10 EUR", "")
    for files, money in ((FILES, " EUR"), ({**FILES, "program.yaml": program}, "not known")):
        asked = plan(files=files)
        results = play(asked, Share())
        found = document_of(asked, results)
        told = list(in_words(found))
        [loaf] = [line for line in told if line.startswith("loaf ")]
        assert loaf.count(money) == 2, loaf
        assert [line for line in told if line.startswith("big")] == [
            "big: it is draft and was not heard; name it to see what it would do"
        ]
        assert ("what loaf costs is not known: program.yaml has no `cost:` of it" in told) == (money == "not known")
        page = report_of(found, results.account)
        assert "<th>big</th>" not in page
        assert "big: it is draft and was not heard" in page
        assert page.count("not known") >= 2 * (money == "not known")


def test_a_limit_a_day_is_over_all_customers(plan: MakePlan):
    named = plan(named=("big",))
    results = play(named, Share())
    sent = {day: each.messages for day, each in results.account.rules["big"].sent.items()}
    assert max(sent.values()) > 3
    big = document_of(named, results)["rules"]["big"]
    assert big["would_send"] == sum(min(each, 3) for each in sent.values())
    assert big["withheld"]["rule_limit"] == sum(max(each - 3, 0) for each in sent.values())


def test_rules_that_want_the_same_person_on_one_day_are_told(plan: MakePlan):
    named = plan(named=("big", "visits"))
    overlaps = document_of(named, play(named, Share()))["overlaps"]
    pair = next(each for each in overlaps if each["rules"] == ["big", "visits"])
    assert pair["customers"] > 10
    assert pair["both_wrote"] == 0  # one message a day


def test_samples_are_the_messages_themselves_and_the_same_every_time(plan: MakePlan):
    once, again = (document_of(plan(), play(plan(), Share()))["samples"] for _ in range(2))
    assert once == again
    assert len(once) == 20
    assert {each["rule"] for each in once} == {"loaf", "visits"}
    assert "Dag Marieke. Stop? Antwoord STOP." in {each["text"] for each in once}


def test_weeks_with_messages_are_counted_by_how_many(plan: MakePlan):
    weeks = document_of(plan(), play(plan(), Share()))["messages_per_customer_week"]
    rules = document_of(plan(), play(plan(), Share()))["rules"].values()
    assert sum(int(number) * times for number, times in weeks["weeks"].items()) == sum(
        each["would_send"] for each in rules
    )
    assert weeks["most"] <= 3


def test_a_difference_names_what_changes_and_nothing_else(plan: MakePlan):
    files = {**FILES, "rules/visits.yaml": FILES["rules/visits.yaml"].replace("visits_reached: 3", "visits_reached: 9")}
    asked = plan(files=files, against=record_of(FILES))
    difference = document_of(asked, play(asked, Share()))["difference"]
    assert list(difference["rules"]) == ["visits"]
    assert difference["rules"]["visits"]["would_send"] < 0
    same = plan(against=record_of(FILES))
    assert document_of(same, play(same, Share()))["difference"]["rules"] == {}


def test_what_cannot_be_applied_is_passed_over_and_the_rest_counts(plan: MakePlan):
    asked = plan()
    bundle = asked.bundle()
    about: dict[str, Any] = {"merchant": "bakker", "customer": "noor"}
    begin = asked.span(bundle.program)[0]
    events: list[AnyEvent] = [
        Enrolled(**about, at=begin),
        PurchaseChanged(**about, at=begin + 1, transaction="t", before=_bread(begin), after=None),
        PurchaseChanged(**about, at=begin + 2, transaction="u", after=_bread(begin)),
    ]
    life, passed_over = live(
        bundle, events, asked.span(bundle.program), voucher_key=b"k", previews=Previews(bundle.program)
    )
    assert passed_over == 1
    state = life.state(("bakker", "noor"))
    assert state is not None
    assert (state.visits, state.cards["bread"].balance) == (1, 1)


def test_who_stays_away_is_found_though_nothing_happened_to_them_in_the_time_that_is_played(plan: MakePlan):
    missed = "rule: missed\nstatus: live\nwhen: {not_seen_for: 30 days}\nthen: [{tag: missed}]\n"
    asked = plan("2026-04-01", files={**FILES, "rules/missed.yaml": missed})
    bundle = asked.bundle()
    begin, end = asked.span(bundle.program)
    about: Any = {"merchant": "bakker", "customer": "noor"}
    for days, tags in ((10, ["missed"]), (40, [])):
        at = begin - days * DAY
        events: list[AnyEvent] = [PurchaseChanged(**about, at=at, transaction="t", after=_bread(at))]
        life, _ = live(bundle, events, (begin, end), voucher_key=b"k", previews=Previews(bundle.program))
        state = life.state(("bakker", "noor"))
        assert state is not None
        assert state.tags == tags


def _bread(at: int) -> Purchase:
    return Purchase(occurred_at=at, store="dok", currency="EUR", spend=300, lines=(Line("1", 300, category="bread"),))


def test_a_spent_budget_withholds_and_says_from_when_on_and_what_would_have_been_spent_without_it(plan: MakePlan):
    limited = FILES["rules/visits.yaml"] + "limits: {budget: 0.70 EUR per month}\n"
    files = {**FILES, "rules/visits.yaml": limited}
    files["program.yaml"] = files["program.yaml"] + "budget: {amount: 2 EUR, when_spent: warn}\n"
    asked = plan(files=files)
    found, alone = document_of(asked, run(asked, 2)), document_of(plan(), play(plan(), Share()))
    budget, free = found["budgets"]["rule:visits/month"], alone["rules"]["visits"]
    assert budget == {
        "amount_minor": 70, "per": "month", "when_spent": "stop", "rules": ["visits"], "times": budget["times"],
    }  # fmt: skip
    assert sum(each["asked_minor"] for each in budget["times"]) == free["cost_minor"], "each costs seven cents"
    for each in budget["times"]:
        assert each["spent_minor"] == min(each["asked_minor"], 70)
        assert (each["spent_on"] is None) == (each["withheld"] == 0) == (each["asked_minor"] <= 70)
    withheld = sum(each["withheld"] for each in budget["times"])
    assert found["rules"]["visits"]["withheld"]["budget"] == withheld > 0
    assert found["rules"]["visits"]["would_send"] == free["would_send"] - withheld
    assert found["rules"]["visits"]["cost_minor"] == sum(each["spent_minor"] for each in budget["times"])
    assert found["rules"]["loaf"] == alone["rules"]["loaf"], "the rule without a budget of its own is not held back"
    [whole] = found["budgets"]["shop/total"]["times"]
    assert whole["spent_on"] is not None
    assert whole["messages_after"] > 0
    told = list(in_words(found))
    assert any("budget rule:visits/month (2026-" in line and "there was no money" in line for line in told)
    assert any("budget shop/total (total)" in line and "it only warns" in line for line in told)
    assert any("visits:" in line and "withheld, as its budget is spent" in line for line in told)


def test_processes_that_share_the_customers_agree_on_whom_a_budget_leaves_out(plan: MakePlan):
    limited = FILES["rules/visits.yaml"] + "limits: {budget: {amount: 2 EUR, per: month, when_spent: shrink}}\n"
    asked = plan(files={**FILES, "rules/visits.yaml": limited})
    found = document_of(asked, run(asked, 2))
    assert found == document_of(asked, run(asked, 1))
    assert found["budgets_settled"]
    times = found["budgets"]["rule:visits/month"]["times"]
    assert any(each["withheld"] for each in times)
    assert all(each["spent_minor"] < 200 for each in times if each["withheld"]), "something is left for the last"


def test_an_offer_that_is_not_given_frees_its_customer_for_another_and_money_that_comes_back_is_spent_again(
    plan: MakePlan,
):
    rule = """\
rule: coffee
description: A coffee for every third visit.
status: live
when: {visits_reached: 3}
offered: true
then: [{give: loaf}, {send: loaf, by: [sms]}]
limits: {budget: 11.70 EUR}
"""
    program = FILES["program.yaml"].replace("loaf: {names", "loaf: {valid_for: 7 days, names")
    asked = plan(files={"program.yaml": program, **{k: v for k, v in FILES.items() if k.startswith("templates")},
                        "rules/coffee.yaml": rule})  # fmt: skip
    found = document_of(asked, run(asked, 1))
    figures, [time] = found["rules"]["coffee"], found["budgets"]["rule:coffee/total"]["times"]
    assert figures["given"] == figures["would_send"] > 10, "ten at once, and more when those ended unused"
    assert figures["withheld"]["budget"] == time["withheld"] > 0
    assert time["spent_minor"] <= 1170


def test_what_staff_are_told_is_no_message_to_the_customer(plan: MakePlan):
    program = FILES["program.yaml"].replace(
        "templates: {", "staff: {anna: {phone: '+31612345670'}}\ntemplates: {call: {purpose: utility}, "
    )
    files = {
        "program.yaml": program,
        "templates/nl/call.j2": "{{ staff.name }}: bel {{ staff.customer }}",
        "rules/call.yaml": "rule: call\nstatus: live\nwhen: {visits_reached: 2}\nthen: [{notify: call}]\n",
    }
    asked = plan(files=files)
    found = document_of(asked, play(asked, Share()))
    call = found["rules"]["call"]
    assert call["notices"] == call["fired"] > 100
    assert (call["would_send"], call["sms_parts"], call["cost_minor"]) == (0, 0, 0)
    assert found["messages_per_customer_week"]["most"] == 0
    told = "\n".join(in_words(found))
    assert f"call: {call['notices']:,} times staff would have heard of it" in told
    assert "call by sms to anna (nl): Bakker" not in told
    assert "call by sms to anna (nl): anna: bel c" in told
