"""A file in which nothing is wrong is read column by column, and what comes of it is what line by line would."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stamgast.clv.data import purchase_file
from stamgast.clv.data.buyers import Columns, DaysOf, Ledger
from stamgast.clv.data.purchase_file import PurchaseFileError, Purchases, read_purchases
from stamgast.clv.data.sample import sample_of

HEADING = "customer,date,amount,profit,currency,segment,acquisition_source"


def by_line(path: Path, as_of: int | None = None) -> Purchases:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return purchase_file._Reading(path, as_of).read(file)


def outcome(read: Callable[[], Purchases]) -> object:
    try:
        return dict(read().buyers)
    except PurchaseFileError as error:
        return error.problems


def drawn_lines(seed: int) -> list[str]:
    rng = random.Random(seed)
    lines = []
    for _ in range(400):
        day = f"2026-0{rng.randint(1, 9)}-{rng.randint(1, 28):02d}" + rng.choice(["", " 10:00", "T09:00:00Z"])
        amount = rng.choice([f"{rng.randint(-30, 90)}.5", "(12.50)", "3.25-", "0", "1.7999999999999998", " 7 "])
        profit = rng.choice(["", "2.5", "-1"])
        labels = f"{rng.choice(['', 'gold', 'silver'])},{rng.choice(['', 'ads', 'friend'])}"
        lines.append(f"{rng.choice(['', ' '])}c{rng.randint(1, 90)},{day},{amount},{profit},{'EUR'},{labels}")
    return lines


@pytest.mark.parametrize("seed", range(8))
def test_columns_and_lines_are_read_alike(file, seed: int):
    path = file(*drawn_lines(seed), heading=HEADING)

    for as_of in (None, 20_600):
        plain, careful = read_purchases(path, as_of), by_line(path, as_of)
        assert isinstance(plain.buyers, Ledger)
        assert list(plain.buyers) == list(careful.buyers)
        assert dict(plain.buyers) == careful.buyers
        assert (plain.as_of, plain.currency, plain.has_profit) == (careful.as_of, careful.currency, careful.has_profit)
        assert (plain.columns, plain.notes, plain.newest) == (careful.columns, careful.notes, careful.newest)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [",", ";"])
def test_what_tills_put_in_quotes_is_read_by_columns_too(tmp_path, end: str, mark: str):
    note = f'a{mark} b {{}}""c"" {end}d'
    lines: list[tuple[str, ...]] = [("\ufeffcustomer", "note", "date", "amount")]
    lines += [(f'"Zoë {number % 7}"', f'"{note}"', '"2026-01-02"', f'"{number},50"') for number in range(40)]
    path = tmp_path / "sales.csv"
    lines = [tuple(cell.replace(",", ".") if mark == "," else cell for cell in line) for line in lines]
    path.write_bytes(end.join(map(mark.join, lines)).replace("{}", "é").encode())

    plain = read_purchases(path)

    assert isinstance(plain.buyers, Ledger)
    assert dict(plain.buyers) == by_line(path).buyers
    assert list(plain.buyers) == [f"Zoë {number}" for number in range(7)]


@pytest.mark.parametrize("seed", range(3))
def test_a_sample_is_what_its_customers_are_one_by_one(file, seed: int):
    purchases = read_purchases(file(*drawn_lines(seed), heading=HEADING))

    sample = sample_of(purchases)

    each = [purchases.buyers[name] for name in sample.names]
    assert list(sample.rows.x) == [len(buyer.days()) - 1 for buyer in each]
    assert list(sample.rows.recency) == [buyer.days()[-1] - buyer.days()[0] for buyer in each]
    assert sample.first_days == [buyer.days()[0] for buyer in each]
    assert list(sample.amounts * 1e6) == pytest.approx([sum(buyer.amounts.values()) for buyer in each])
    assert list(sample.all_spend * 1e6) == pytest.approx([sum(map(buyer.spent, buyer.days())) for buyer in each])
    later = [sum(map(buyer.spent, buyer.days()[1:])) for buyer in each]
    assert list(sample.repeat_spend * 1e6) == pytest.approx(later)
    days = DaysOf.of(Columns.of(purchases.buyers))
    assert list(days) == [days[place] for place in range(len(days))] == days[:] == [buyer.days() for buyer in each]
    assert "c0" not in purchases.buyers
    assert "c1" in purchases.buyers
    copied = Columns.of(dict(purchases.buyers))
    assert np.array_equal(copied.days, Columns.of(purchases.buyers).days)


@pytest.mark.parametrize(
    "odd",
    ["c1,2026-01-01,5,,USD,,", "c1,2026-01-01,5,,EUR,,,", "", '"c,1",2026-01-01,5,,EUR,,', "c1,2026-01-01,5,,,,"],
)
def test_what_is_odd_is_looked_at_line_by_line_and_read_or_refused_all_the_same(file, odd: str):
    path = file("c1,2026-01-02,5,1,EUR,gold,ads", odd, heading=HEADING)

    assert outcome(lambda: read_purchases(path)) == outcome(lambda: by_line(path))


def test_amounts_beyond_all_reason_are_refused_together(file):
    path = file(*(f"c{name},2026-01-02,1000000000000" for name in range(10)))

    with pytest.raises(PurchaseFileError, match="add up to more than 9,000,000,000,000"):
        read_purchases(path)


@pytest.mark.parametrize("seed", range(4))
def test_margins_by_category_are_read_alike(file, seed: int):
    chance = random.Random(seed)
    kinds = ["bread", " coffee ", "", "cake"]
    lines = [
        f"c{chance.randrange(40)},2026-0{chance.randrange(1, 9)}-11,{chance.uniform(-3, 20):.2f},{chance.choice(kinds)}"
        for _ in range(300)
    ]
    path = file(*lines, heading="customer,date,amount,category")
    margins = {"bread": 0.6, "coffee": -0.1, "cake": 0.333}

    by_column = read_purchases(path, None, margins)
    with path.open() as opened:
        line_by_line = purchase_file._Reading(path, None, margins).read(opened)

    told = [{name: (b.profit, b.with_profit) for name, b in each.buyers.items()} for each in (by_column, line_by_line)]
    assert told[0] == told[1]
    assert any(profit for profit, _ in told[0].values())


def test_a_category_without_a_margin_is_asked_about(file):
    path = file("anna,2026-01-01,10,bred", "ben,2026-01-02,10,bread", heading="customer,date,amount,category")

    with pytest.raises(PurchaseFileError, match=r":2:4: 'bred' has no margin; is that 'bread'\? 'other' is for all"):
        read_purchases(path, None, {"bread": 0.6})
    assert read_purchases(path, None, {"bread": 0.6, "other": 0.2}).buyers["anna"].profit == 2_000_000
    assert "not read without margins" in " ".join(read_purchases(path).notes)


def test_margins_by_category_need_categories_and_no_profit(file):
    with pytest.raises(PurchaseFileError, match="there is no column 'category', which margins by category go by"):
        read_purchases(file("anna,2026-01-01,10", heading="customer,date,amount"), None, {"bread": 0.6})
    both = file("anna,2026-01-01,10,bread,4", heading="customer,date,amount,category,profit")
    with pytest.raises(PurchaseFileError, match="profit stands here already"):
        read_purchases(both, None, {"bread": 0.6})
