"""`stamgast report`, from what the owners have summed: for people, as JSON, as a table and as a page."""

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stamgast.commands import report as command
from stamgast.domain.budgets import Budget, Per
from stamgast.domain.counters import Counter as Counted
from stamgast.domain.draws import Draw, Prize
from stamgast.domain.earned import report
from stamgast.domain.program import Program, Reward
from stamgast.domain.recommendations import Fitted, Held, Table
from stamgast.domain.referrals import ReferralRules
from tests.builders import card, program

SUMS = {
    "rule|win-back|fired": 400, "measure|win-back|t|people": 300, "measure|win-back|t|converted": 90,
    "measure|win-back|t|net": 90_000_000, "measure|win-back|t|squares": 90 * 10**12,
    "measure|win-back|h|people": 100, "measure|win-back|h|converted": 10,
    "measure|win-back|h|net": 10_000_000, "measure|win-back|h|squares": 10 * 10**12,
    "measure|win-back|sent": 280, "measure|win-back|delivered": 270, "measure|win-back|read": 100,
    "measure|win-back|redeemed": 40, "measure|win-back|opted_out": 2,
    "measure|win-back|messages": 280 * 7500, "measure|win-back|rewards": 40 * 110,
    "measure|win-back|purchases": 95, "measure|win-back|revenue": 190_000, "measure|win-back|profit": 95_000,
    "referral|invited": 4, "referral|counted": 3,
    "reward|loaf|issued": 100, "reward|loaf|redeemed": 60, "reward|loaf|expired": 20, "reward|loaf|withdrawn": 5,
    f"{Counted.CARD}|bread|stamps": 900, f"{Counted.CARD}|bread|ran_out": 180, "budget|shop/month|2026-10|spent": 6_500_000,
    "draw|wheel|entered": 1_200, "draw|wheel|entrants": 400, "draw|wheel|won": 58, "draw|wheel|taken": 40,
    "draw|wheel|cost": 4_400, "draw|wheel|too_many": 7,
    "budget|prize:wheel/loaf/total|total|spent": 55_000, "budget|prize:wheel/loaf/total|total|back": 3_000,
    "draw|spring|entered": 20, "draw|spring|entrants": 5, "draw|spring|won": 2, "draw|spring|passed": 1,
}  # fmt: skip
SHOP = program(
    card("bread", 9, reward="loaf"),
    rewards={"loaf": Reward("loaf", {"nl": "brood"}, cost=110), "coffee": Reward("coffee", {"nl": "koffie"})},
    draws={"wheel": Draw("wheel", 0, 1, 1, prizes=(Prize("loaf", 200, 50_000),), instant=True)},
    referral=ReferralRules(),
)

PRICED = replace(SHOP, prices={"sms": {"NL": 8750}})


def document() -> dict[str, Any]:
    budgets = {"shop/month": Budget(20_000, Per.MONTH)}
    return report(Counter(SUMS), SHOP, ["win-back", "quiet"], budgets, {"autumn": ("win-back",)})


@pytest.fixture(autouse=True)
def summed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def reckon(*_: Any) -> list[dict[str, Any]]:
        return [document()]

    monkeypatch.setattr(command, "_reckon", reckon)


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        command.app(args=[str(each) for each in words], prog_name="stamgast report")
    return int(ended.value.code or 0)


def test_the_figures_of_a_rule_and_what_the_shop_owes():
    figures = document()["rules"]["win-back"]
    assert figures["uplift"]["per_customer_minor"] == 200
    assert figures["uplift"]["low"] < 200 < figures["uplift"]["high"]
    assert figures["uplift"]["verdict"] == "it earns more than it costs"
    assert figures["cost"] == {"messages_minor": 2100, "rewards_minor": 4400}
    assert figures["return"] == round(200 * 300 / 6500, 2)
    assert figures["attributed"] == {"purchases": 95, "revenue_minor": 190_000, "profit_minor": 95_000}
    assert document()["liability"] == {
        "vouchers_minor": 15 * 110, "stamps_minor": 11_000, "ran_out_minor": 2_200, "expected_redemption": 0.75, "without_cost": ["coffee"],
    }  # fmt: skip


def test_budgets_are_told_with_their_times_and_of_days_as_what_moved_in_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert run() == 0
    assert "budget shop/month (2026-10): 65.00 EUR of 200.00 EUR spent" in capsys.readouterr().out

    async def reckon(*_: Any) -> list[dict[str, Any]]:
        return [document() | {"from": "2026-10-01", "to": "2026-10-07"}]

    monkeypatch.setattr(command, "_reckon", reckon)
    assert run("--from", "2026-10-01", "--to", "2026-10-07") == 0
    assert "budget shop/month (2026-10): 65.00 EUR spent in these days, of 200.00 EUR" in capsys.readouterr().out
    pytest.importorskip("matplotlib")
    assert run("--report", tmp_path / "earned.html") == 0
    assert "<li>budget shop/month (2026-10): 65.00 EUR" in (tmp_path / "earned.html").read_text()


def test_a_rule_that_holds_nobody_out_is_not_given_an_uplift():
    quiet = document()["rules"]["quiet"]
    assert (quiet["decided"], quiet["uplift"]["per_customer_minor"], quiet["return"]) == (0, None, None)
    assert "nothing to compare with" in quiet["uplift"]["verdict"]


def test_people_read_money_and_a_verdict(capsys: pytest.CaptureFixture[str]):
    assert run("--rule", "win-back") == 0
    said = capsys.readouterr().out
    assert "it changed, net of cost: 2.00 EUR a customer (between " in said
    assert "it earns more than it costs" in said
    assert "without what these cost, which program.yaml does not say: coffee" in said
    assert "quiet" not in said


def test_rules_that_decided_nothing_are_one_line(capsys: pytest.CaptureFixture[str]):
    assert run() == 0
    said = capsys.readouterr().out
    assert "  decided nothing yet: quiet\n" in said
    assert "decided 0" not in said


def test_what_no_price_is_known_of_is_not_said_to_be_free(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    sums = {name: number for name, number in SUMS.items() if not name.endswith("|messages")}
    for shop, told in ((SHOP, "not known (no `prices:` in program.yaml)"), (PRICED, "0.00 EUR")):

        async def reckon(*_: Any, shop: Program = shop) -> list[dict[str, Any]]:
            return [report(Counter(sums), shop, ["win-back"])]

        monkeypatch.setattr(command, "_reckon", reckon)
        assert run() == 0
        assert f"cost: messages {told}, rewards 44.00 EUR" in capsys.readouterr().out


def test_stamps_are_owed_for_what_a_rule_gives_for_the_full_card():
    bare = program(card("bread", 9), rewards=SHOP.rewards)
    assert report(Counter(SUMS), bare, [])["liability"]["stamps_minor"] == 0
    assert report(Counter(SUMS), bare, [], full_cards={"bread": ["loaf"]})["liability"]["stamps_minor"] == 11_000


def test_json_table_and_page_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("matplotlib")
    table, page = tmp_path / "earned.csv", tmp_path / "earned.html"
    assert run("--merchant", "bakery", "--csv", table, "--report", page, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == document()
    rows = {row["rule"]: row for row in csv.DictReader(table.open(encoding="utf-8"))}
    assert rows["win-back"]["uplift_per_customer_minor"] == "200.0"
    assert rows["win-back"]["attributed_profit_minor"] == "95000"
    assert rows["quiet"]["uplift_low"] == ""
    assert "win-back: it earns more than it costs" in page.read_text()
    assert "data:image/svg+xml" in page.read_text()
    draws = {row["draw"]: row for row in csv.DictReader(table.open(encoding="utf-8")) if row["draw"]}
    of_a_wheel = ("rule", "entries", "customers", "won", "taken", "forfeited", "stock", "rewards_minor")
    assert [draws["wheel"][name] for name in of_a_wheel] == ["", "1200", "400", "58", "40", "3", "200", "4400"]
    assert [draws["spring"][name] for name in ("entries", "won", "forfeited", "stock")] == ["20", "2", "1", "0"]
    assert "<li>draw wheel: 1,200 entries of 400 customers" in page.read_text()
    assert "<li>friends: 3 of 4 who were invited</li>" in page.read_text()


def test_draws_are_told_beside_their_stock(capsys: pytest.CaptureFixture[str]):
    assert run() == 0
    said = capsys.readouterr().out
    assert (
        "draw wheel: 1,200 entries of 400 customers (7 more were too many or too late), 58 prizes won, 40 used, "
        "3 not claimed, cost 44.00 EUR" in said
    )
    assert "  loaf: 55 of 200 given" in said
    assert "draw spring: 20 entries of 5 customers, 2 prizes won, 0 used, 1 not claimed, cost 0.00 EUR" in said


def test_how_often_the_recommended_was_bought_stands_beside_the_best_seller(capsys: pytest.CaptureFixture[str]):
    assert document()["recommendations"] is None, "nothing was fitted"
    held = Held(
        customers=400, hits=36, best_hits=17, hit_rate=0.09, baseline=0.0425, difference=0.0475, error=0.01,
        cut="2026-09-01",
    )  # fmt: skip
    shop = replace(SHOP, goods=Table(Fitted(version="v1", held=held)))
    told = report(Counter(SUMS), shop, ["win-back"])
    found = told["recommendations"]
    assert (found["hit_rate"], found["baseline"], found["customers"], found["cut"]) == (0.09, 0.0425, 400, "2026-09-01")
    command._tell(told)
    assert "recommendations: of 400 customers who came again from 2026-09-01 on, 9.0% bought" in capsys.readouterr().out


def test_several_rules_are_told_together_as_well(capsys: pytest.CaptureFixture[str]):
    assert run("--rule", "win-back", "--rule", "quiet", "--json", "--merchant", "bakery") == 0
    found = json.loads(capsys.readouterr().out)["together"]
    assert (found["sent"], found["attributed"]["purchases"], found["cost"]["rewards_minor"]) == (280, 95, 4400)
    assert found["uplift_minor"] == 200 * 300
    assert found["return"] == round(200 * 300 / 6500, 2)
    assert run("--rule", "win-back", "--rule", "quiet") == 0
    assert "they changed, net of cost: 600.00 EUR" in capsys.readouterr().out


def test_a_group_of_rules_is_told_alone(capsys: pytest.CaptureFixture[str]):
    assert run("--campaign", "autumn", "--json", "--merchant", "bakery") == 0
    assert list(json.loads(capsys.readouterr().out)["rules"]) == ["win-back"]
    assert run("--campaign", "autum") == 2
    assert "such group of rules. Did you mean 'autumn'? Known: autumn" in capsys.readouterr().err


def test_a_rule_that_is_not_there_is_named_with_those_that_are(capsys: pytest.CaptureFixture[str]):
    assert run("--rule", "winback") == 2
    assert "known: quiet, win-back" in capsys.readouterr().err
