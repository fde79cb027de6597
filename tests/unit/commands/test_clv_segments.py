"""`stamgast clv segments`: value against the cost of winning customers."""

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stamgast.clv.data.acquisition_costs import CostFileError, read_costs
from stamgast.commands.clv import app
from tests.unit.clv.purchases import date_of, drawn_shop

HEADING = "customer,date,amount,segment,acquisition_source\n"


def run(*arguments: object, model: str = "mbg_nbd") -> Result:
    words = ["segments", "--model", model, *map(str, arguments)]
    return CliRunner().invoke(app, words, prog_name="stamgast clv", catch_exceptions=False)


@pytest.fixture(scope="module")
def sales(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("segments") / "sales.csv"
    lines = [
        f"{name},{date_of(day)},{amount:.2f},{'gold' if name % 3 else ''},{'ads' if name % 2 else 'friends'}\n"
        for name, days in drawn_shop(300).items()
        for day, amount in days.items()
    ]
    path.write_text(HEADING + "".join(lines))
    return path


def segments(sales: Path, *more: object) -> dict[str, dict]:
    done = run("--data", sales, "--json", *more)
    assert done.exit_code == 0
    return {each["segment"]: each for each in json.loads(done.stdout)["segments"]}


def test_every_segment_has_its_customers_value_and_what_they_may_cost(sales):
    found = segments(sales, "--acquisition-cost", "20")

    assert list(found) == ["gold", "(none)"]
    gold = found["gold"]
    assert (gold["customers"], found["(none)"]["customers"]) == (200, 100)
    assert gold["purchases"] == sum(len(days) for name, days in drawn_shop(300).items() if name % 3)
    assert gold["clv"] == pytest.approx(gold["historic"] + gold["predicted"])
    assert gold["net"] == pytest.approx(gold["clv"] - 20)
    assert gold["ratio"] == pytest.approx(gold["clv"] / 20)
    assert gold["new_to_cac"] == pytest.approx(gold["value_of_new"] / 20)
    assert gold["winning_may_cost"] == pytest.approx(gold["value_of_new"] / 3)
    assert gold["winning_budget"] == pytest.approx(200 * gold["value_of_new"] / 3)
    assert 0 < gold["trend"] < 1, "nobody new came for a year"
    assert (gold["parameters"], gold["because"]) == ("pooled", "fewer than 500 customers")


def test_segments_go_by_what_score_goes_by(sales):
    """Whatever is best, the same parameters say what a customer and what a segment is worth."""
    asked = ["--data", str(sales), "--json"]
    by_score = CliRunner().invoke(app, ["score", *asked, "--as-of", date_of(10_500)])
    by_segment = json.loads(run(*asked, "--by", "shop", "--as-of", date_of(10_500), model="best").stdout)

    scores = json.loads(by_score.stdout)
    assert scores[0]["model"] == by_segment["model"] != "mbg_nbd"
    assert scores[0]["parameters_version"] == by_segment["parameters_version"]
    (everybody,) = by_segment["segments"]
    assert everybody["predicted"] == pytest.approx(sum(each["predicted"] for each in scores) / 300)


def test_a_model_belongs_to_a_file():
    done = run("--merchant", "bakery")

    assert done.exit_code == 2
    assert "--model belongs to a CSV; with --merchant the parameters in force count" in done.stderr


def test_three_times_the_cost_is_fine_and_a_cent_more_of_cost_is_not(sales):
    new = segments(sales)["gold"]["value_of_new"]

    assert segments(sales, "--acquisition-cost", f"{new / 3:.12f}")["gold"]["new_below"] is False
    found = run("--data", sales, "--acquisition-cost", f"{new / 3 + 0.01:.12f}")
    assert "below 3: a new customer of gold is worth 3.00 times" in found.stdout


def test_without_a_cost_nothing_is_said_of_the_ratio(sales):
    gold = segments(sales)["gold"]

    assert gold["acquisition_cost"] is gold["net"] is gold["ratio"] is gold["new_to_cac"] is gold["new_below"] is None
    assert gold["winning_may_cost"] > 0


@pytest.mark.parametrize("semicolons", [False, True])
def test_costs_are_those_of_the_source_on_the_day_the_customer_came(sales, tmp_path, semicolons):
    costs = tmp_path / "costs.csv"
    text = f"source,from,cost\nads,{date_of(9_000)},10.00\nads,{date_of(20_000)},99\n"
    costs.write_text(text.replace(",", ";").replace(".", ",") if semicolons else text)

    found = segments(sales, "--by", "source", "--costs", costs, "--acquisition-cost", "4")

    assert {name: each["acquisition_cost"] for name, each in found.items()} == {"ads": 10, "friends": 4}


def test_value_and_cost_are_of_the_same_customers_where_the_cost_of_some_is_known(sales, tmp_path):
    costs = tmp_path / "costs.csv"
    costs.write_text(f"source,from,cost\nads,{date_of(9_000)},50\n")
    ads = segments(sales, "--by", "source")["ads"]

    both = tmp_path / "both.csv"
    both.write_text(sales.read_text().replace(",gold,", ",,"))
    (everybody,) = segments(both, "--costs", costs).values()

    assert (everybody["customers"], everybody["customers_with_cost"]) == (300, 150)
    assert everybody["acquisition_cost"] == 50
    assert everybody["ratio"] == pytest.approx(ads["clv"] / 50)
    assert everybody["net"] == pytest.approx(ads["clv"] - 50)
    assert everybody["clv"] != pytest.approx(ads["clv"])
    told = "of (none), cost, net and both ratios are those of the 150 of 300 whose cost is known"
    assert told in run("--data", both, "--costs", costs).stdout
    assert "whose cost is known" not in run("--data", both, "--acquisition-cost", 5).stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source,cost\nads,10\n", "costs.csv:1:1: there is no column 'from'; the columns are source,from,cost"),
        ("source,from,cost\nads,1/2/26,10\n", "costs.csv:2:2: '1/2/26' is not a date; write 2026-02-01, or 2026-01-02"),
        ("source,from,cost\nads,2026-01-01,ten\n", "costs.csv:2:3: 'ten' is not a cost"),
        ("source,from,cost\nads,2026-01-01,1e3\n", "costs.csv:2:3: '1e3' is not a cost; write it as 12.50"),
        ("source,from,cost\nads,2026-01-01,12_000\n", "costs.csv:2:3: '12_000' is not a cost; write 12000"),
        (
            "source,from,cost\nads,2026-01-01,\u0661\u0662\n",
            "costs.csv:2:3: '\u0661\u0662' is not a cost; write it as 12.50",
        ),
        ("source,from,cost\nads,20260101,5\n", "costs.csv:2:2: '20260101' is not a date; write 2026-01-01"),
        (
            "Source|From|Cost\nads|2026-01-01|5\n",
            "costs.csv:1:1: columns are separated by vertical bars; separate them by",
        ),
        ("", "costs.csv: the file is empty"),
        ("source,from,cost\nads,2026-01-01,-1\n", "it is a number from 0"),
        (
            "source,from,cost\nads,2024-01-01,4,50\n",
            "costs.csv:2:4: line 2 has 4 cells, the heading 3; if that is a dec",
        ),
        ("source,from,cost\nads,4.50\n", "costs.csv:2:2: line 2 has 2 cells, the heading 3"),
        ("source,from,cost\nads,2026-01-01,1\nads,2026-01-01,2\n", "costs.csv:3:2: 'ads' has two costs"),
    ],
)
def test_a_wrong_line_of_costs_is_told(sales, tmp_path, text, said):
    costs = tmp_path / "costs.csv"
    costs.write_text(text)

    with pytest.raises(CostFileError, match="costs.csv"):
        read_costs(costs)
    done = run("--data", sales, "--costs", costs)
    assert done.exit_code == 1
    assert said in done.stderr


def test_profit_in_cents_is_refused_and_left_out_where_a_margin_is_given(sales, tmp_path):
    cents, none = tmp_path / "cents.csv", tmp_path / "none.csv"
    lines = [f"{line},{100 * float(line.split(',')[2]):.0f}" for line in sales.read_text().splitlines()[1:]]
    cents.write_text("\n".join([f"{HEADING.strip()},profit", *lines]))
    none.write_text(sales.read_text())

    refused = run("--data", cents)
    assert refused.exit_code == 1
    assert "cents.csv: profit adds up to" in refused.stderr
    assert "more than what was spent; write profit in the unit of amount" in refused.stderr
    assert segments(cents, "--margin", "30%") == segments(none, "--margin", "30%")


def test_five_customers_have_no_trend(tmp_path):
    path = tmp_path / "few.csv"
    lines = sorted(
        f"c{name},{date_of(day)},{amount}" for name, days in drawn_shop(5).items() for day, amount in days.items()
    )
    path.write_text("\n".join(["customer,date,amount", *lines]))

    assert segments(path)["(none)"]["trend"] is None


def test_a_misnamed_column_is_told_and_so_is_that_there_is_nothing_to_value_customers_by(sales, tmp_path):
    path = tmp_path / "misnamed.csv"
    path.write_text(sales.read_text().replace(",segment,", ",segments,", 1))

    done = run("--data", path, "--json")

    assert done.exit_code == 0
    assert [each["segment"] for each in json.loads(done.stdout)["segments"]] == ["(none)"]
    assert "misnamed.csv:1:4: the column 'segments' is not read; is that 'segment'? call it so" in done.stderr
    assert "misnamed.csv has no column 'segment', so all customers are one segment, (none)" in done.stderr
    assert "warning" not in run("--data", sales, "--json").stderr


def test_a_cost_of_a_source_that_nobody_came_from_is_told_with_the_one_that_may_be_meant(sales, tmp_path):
    costs, bare = tmp_path / "costs.csv", tmp_path / "bare.csv"
    costs.write_text("source,from,cost\nfriend,2024-01-01,4\nradio,2024-01-01,4\nads,1990-01-01,5\n")
    bare.write_text("customer,date,amount\n" + "".join(f"c{n},2026-01-0{n},{n}\n" for n in range(1, 6)))

    told = run("--data", sales, "--by", "source", "--costs", costs).stderr

    assert "costs.csv: nobody came from 'friend'; is that 'friends'?\n" in told
    assert "costs.csv: nobody came from 'radio'\n" in told
    assert "'ads'" not in told
    assert (
        "bare.csv names no acquisition_source, so the costs by source in"
        in run("--data", bare, "--costs", costs).stderr
    )


def test_by_something_else_is_misuse(sales):
    assert run("--data", sales, "--by", "town").exit_code == 2


def test_a_segment_that_loses_money_shows_a_loss_in_a_shop_that_earns(tmp_path):
    rng = random.Random(5)
    lines = ["customer,date,amount,profit,segment"]
    for name, days in drawn_shop(300).items():
        segment, margin = ("sale", -0.1) if name % 4 == 0 else ("bread", 0.4)
        for day, amount in days.items():
            lines.append(f"{name},{date_of(day)},{amount:.2f},{amount * (margin + rng.gauss(0, 0.3)):.4f},{segment}")
    sales = tmp_path / "margins.csv"
    sales.write_text("\n".join(lines) + "\n")

    found = segments(sales)

    assert found["sale"]["predicted"] < 0 < found["bread"]["predicted"]
    assert found["sale"]["value_of_new"] < 0
    assert found["sale"]["winning_may_cost"] == found["sale"]["keeping_may_cost"] == 0
    assert found["bread"]["margin"] == pytest.approx(0.4, abs=0.03)


def test_what_an_owner_reads_of_a_segment_follows_from_its_customers(sales):
    cohorts = segments(sales, "--by", "cohort", "--margin", "30%")

    assert set(cohorts) == {"1997-Q2", "1997-Q3"}
    (whole,) = segments(sales, "--by", "shop", "--margin", "30%").values()
    assert (whole["segment"], whole["customers"], whole["parameters"]) == ("(all)", 300, "pooled")
    assert whole["because"] == "these are all customers"
    first = cohorts["1997-Q2"]
    assert sum(each["customers"] for each in cohorts.values()) == 300
    assert first["margin"] == 0.3
    assert first["lifespan_months"] > 0
    assert 1 < first["typical_gap_days"] < 200
    assert 0 < first["p_buy_90_days"] < 1
    assert first["profit"] == pytest.approx(0.3 * first["simple"])
    assert 0 < first["npv"] < first["profit"]
    assert 0 < first["keeping_may_cost"] < first["winning_may_cost"]


def test_of_a_shop_that_nobody_seems_to_leave_no_lifespan_of_centuries_is_told(tmp_path):
    path = tmp_path / "loyal.csv"
    lines = [
        f"c{name},{date_of(9_000 + name % 30 + 61 * visit + name * visit % 7)},{20 + name % 5}"
        for name in range(300)
        for visit in range(4 if name < 3 else 12)
    ]
    path.write_text("\n".join(["customer,date,amount", *lines]))

    (loyal,) = segments(path, "--by", "shop").values()

    assert loyal["lifespan_months"] is loyal["simple"] is loyal["profit"] is loyal["npv"] is None
    assert loyal["predicted"] > 0


def test_a_segment_that_buys_at_a_loss_shows_it_by_margins_of_categories(tmp_path):
    path = tmp_path / "categories.csv"
    lines = [
        f"{name},{date_of(day)},{amount:.2f},{'gold' if name % 3 else 'bargain'},{'bread' if name % 3 else 'offers'}\n"
        for name, days in drawn_shop(300).items()
        for day, amount in days.items()
    ]
    path.write_text("customer,date,amount,segment,category\n" + "".join(lines))

    found = segments(path, "--margins", "bread=60%, offers=-20%")
    wrong = run("--data", path, "--margins", "bread:60%")

    assert found["gold"]["margin"] > 0.4
    assert found["gold"]["historic"] > 0
    assert found["bargain"]["margin"] < 0
    assert found["bargain"]["historic"] < 0 > found["bargain"]["predicted"]
    assert wrong.exit_code == 2
    assert "--margins has 'bread:60%'; write category=share, such as bread=60%" in wrong.stderr
