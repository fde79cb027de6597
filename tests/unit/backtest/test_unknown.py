"""What a file of purchases cannot tell is said of each rule that asks about it, and of no other."""

from pathlib import Path

import pytest

from rules.loader import load_bundle
from stamgast.backtest.findings import document_of
from stamgast.backtest.page import report_of
from stamgast.backtest.plan import CsvData, Plan, Share
from stamgast.backtest.shares import play
from stamgast.backtest.unknown import unknown_to_file
from stamgast.backtest.words import in_words, overlap_in_words
from tests.unit.backtest.conftest import FILES, PROGRAM, day_of, record_of

ALL = ("customer", "date", "amount", "store", "category", "product", "language", "source")
NEEDED = ALL[:3]
MORE = PROGRAM + (
    "events: {workshop: {fields: {topic: [bread, cake]}}}\nfeed: {stale_after: 2 days}\n"
    "questions: {visit: {template: hello, answer: score}}\nreferral: true\n"
    "draws: {december: {opens: 2026-01-01, closes: 2026-12-24, drawn: 2026-12-27, prizes: {loaf: 1}}}\n"
    "segments: {agreed: {consent: marketing}, dutch: {all: [{segment: agreed}, {language: nl}]}}\n"
)


def told(when: str, if_: str = "", columns: tuple[str, ...] = ALL, then: str = "[{tag: seen}]") -> list[str]:
    asked = f"if: [{if_}]\n" if if_ else ""
    files = {**FILES, "program.yaml": MORE, "rules/x.yaml": f"rule: x\nwhen: {when}\n{asked}then: {then}\n"}
    loaded = load_bundle(files)
    assert loaded.ok, [problem.render() for problem in loaded.problems]
    return unknown_to_file(loaded, columns)["x"]


@pytest.mark.parametrize(
    ("when", "if_", "word"),
    [
        ("birthday", "", "`birthday`: a file tells no birthdays: nobody has one"),
        ("{birthday: {before: 3 days}}", "", "`birthday`: a file tells no birthdays"),
        ("anniversary", "", "`anniversary`: a file does not tell when somebody joined"),
        ("joined", "", "`joined`: a file does not tell when somebody joined"),
        ("replied", "", "`replied`: a file tells no answers"),
        ("{event: workshop}", "", "`event`: a file tells no events but purchases"),
        ("{answered: {question: visit}}", "", "`answered`: a file tells no answers: nobody answers what was asked"),
        ("referred", "", "`referred`: a file does not tell who brought whom"),
        ("{drawn: {draw: december, won: true}}", "", "`drawn`: a backtest draws nothing"),
        ("purchase", "{feedback: {at_most: 6}}", "`feedback`: a file tells no answers"),
        ("purchase", "{referrals: {at_least: 3}}", "`referrals`: a file does not tell who brought whom"),
        ("reward_redeemed", "", "`reward_redeemed`: a file tells of no voucher that was used"),
        ("purchase", "{consent: marketing}", "`consent`: a file tells no consents: everybody counts as having agreed"),
        ("purchase", "{any: [{consent: marketing}, {visits: {at_least: 3}}]}", "`consent`"),
        ("purchase", "{age: {at_least: 30 days}}", "`age`: a file does not tell when somebody joined"),
        ("purchase", "{feed: healthy}", "`feed`: a file does not tell when the till was silent"),
        (
            "became_at_risk",
            "",
            "`became_at_risk`: a file does not tell when the till was silent: people are called absent as if",
        ),
        ("lapsed", "", "`lapsed`: a file does not tell when the till was silent"),
        ("purchase", "{segment: agreed}", "`consent` of the segment `agreed`: a file tells no consents"),
        ("{entered: dutch}", "", "`consent` of the segment `agreed` of the segment `dutch`: a file tells no consents"),
    ],
)
def test_what_no_file_tells_is_said_by_name(when: str, if_: str, word: str):
    assert [each for each in told(when, if_) if each.startswith(word)], told(when, if_)


@pytest.mark.parametrize(
    ("when", "if_", "word"),
    [
        ("purchase", "{language: nl}", "`language`: the file has no column language: everybody counts as speaking nl"),
        ("purchase", "{source: flyer}", "`source`: the file has no column source"),
        ("purchase", "{store: dok}", "`store`: the file has no column store"),
        ("purchase", "{basket_has: {category: bread}}", "`basket_has`: the file has no column category"),
        ("{bought: {category: bread}}", "", "`bought`: the file has no column category"),
        ("{stamp_card_completed: bread}", "", "`bread`: the card counts by category, and the file has no such column"),
    ],
)
def test_what_a_column_would_tell_is_said_where_there_is_none(when: str, if_: str, word: str):
    assert [each for each in told(when, if_, NEEDED) if each.startswith(word)], told(when, if_, NEEDED)
    assert told(when, if_) == []


def test_of_absence_nothing_is_said_where_nobody_watches_the_feed():
    files = {**FILES, "rules/x.yaml": "rule: x\nwhen: became_at_risk\nthen: [{tag: seen}]\n"}
    assert unknown_to_file(load_bundle(files), ALL)["x"] == []


def test_of_rules_that_ask_about_purchases_alone_nothing_is_said():
    assert told("{visits_reached: 3}", "{spend: {at_least: 20 EUR}}", NEEDED) == []


def test_it_stands_in_the_answer_in_its_words_and_on_its_page(tmp_path: Path):
    past = tmp_path / "past.csv"
    past.write_text("customer,date,amount\n" + "".join(f"noor,2026-09-{day:02},3.20\n" for day in range(1, 9)))
    files = {
        **FILES,
        "rules/birthday.yaml": "rule: birthday\nstatus: live\nwhen: birthday\nthen: [{send: hello, by: [sms]}]\n",
    }
    plan = Plan(record_of(files), CsvData(str(past)), day_of("2026-09-01"), day_of("2026-09-10"))
    results = play(plan, Share())
    found = document_of(plan, results)
    assert found["rules"]["birthday"]["not_known"] == ["`birthday`: a file tells no birthdays: nobody has one"]
    assert found["rules"]["visits"]["not_known"] == []
    assert "birthday: `birthday`: a file tells no birthdays: nobody has one" in list(in_words(found))
    pytest.importorskip("matplotlib")
    page = report_of(found, results.account)
    assert "<h2>What the file cannot tell</h2>" in page
    assert "<li>birthday: `birthday`: a file tells no birthdays: nobody has one</li>" in page


def test_the_answer_has_every_key_that_was_promised(tmp_path: Path):
    past = tmp_path / "past.csv"
    past.write_text("customer,date,amount\nnoor,2026-09-01,3.20\n")
    plan = Plan(record_of(FILES), CsvData(str(past)), day_of("2026-09-01"), day_of("2026-09-10"))
    found = document_of(plan, play(plan, Share()))
    assert {"rules", "messages_per_customer_week", "overlaps", "samples", "difference"} <= set(found)
    asked = {"reached", "would_send", "given", "withheld", "sms_parts", "cost_minor", "reward_cost_minor"}
    assert all(asked <= set(figures) for figures in found["rules"].values())


@pytest.mark.parametrize(
    ("customers", "both", "said"),
    [
        (312, 312, "312 customers get birthday and tart the same day"),
        (1, 1, "1 customer gets birthday and tart the same day"),
        (312, 12, "312 customers are wanted by birthday and tart the same day: 12 of them get both, and of the others one rule gave way"),
        (1, 0, "1 customer is wanted by birthday and tart the same day: one gave way"),
    ],
)  # fmt: skip
def test_overlaps_are_said_as_people_say_them(customers: int, both: int, said: str):
    assert overlap_in_words({"rules": ["birthday", "tart"], "customers": customers, "both_wrote": both}) == said
