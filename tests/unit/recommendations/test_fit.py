"""What is bought next is found, and told from what merely happens to be bought."""

import zlib
from typing import Any

import msgspec
import pytest

from stamgast.domain.recommendations import ByHand, Instead, Table, Wanted, bought, pick
from stamgast.programs.recommend_fit import Refit, fit_shelf
from stamgast.recommendations.counts import count
from stamgast.recommendations.fit import fit
from stamgast.recommendations.shelf import Shelf
from tests.unit.recommendations.shops import FIRST, fill, purchase


def fitted(shelf: Shelf, in_force: dict[str, Any] | None = None) -> Refit:
    return fit_shelf(shelf, in_force or {})


def after(found: Refit, sku: str) -> list[str]:
    return [product.sku for product, _ in Table(found.fitted).next_after(sku)]


def test_what_is_bought_next_comes_first() -> None:
    with Shelf() as shelf:
        fill(shelf)
        found = fitted(shelf)
    assert {sku: after(found, sku)[:1] for sku in ("P4", "P10", "P38")} == {
        "P4": ["P5"],
        "P10": ["P11"],
        "P38": ["P39"],
    }
    assert not found.refusal


def test_the_holdout_says_how_much_better_than_the_best_seller_it_is() -> None:
    with Shelf() as shelf:
        fill(shelf, customers=2_000)
        held = fitted(shelf).fitted.held
    assert held is not None
    assert held.customers > 300
    assert 0.3 < held.hit_rate < 0.5, "four of ten do what the shop was made to do"
    assert held.baseline < 0.2


def test_a_pair_that_was_bought_once_is_no_recommendation() -> None:
    with Shelf() as shelf:
        fill(shelf)
        shelf.note("odd", "o1", purchase(["P4"], FIRST + 20))
        shelf.note("odd", "o2", purchase(["RARE"], FIRST + 25))
        shelf.call("RARE", "Rare")
        found = fitted(shelf)
    assert "RARE" not in after(found, "P4")


def test_one_customer_who_does_it_every_week_is_one_customer() -> None:
    with Shelf() as shelf:
        fill(shelf)
        for week in range(20):
            shelf.note("regular", f"a{week}", purchase(["P4"], FIRST + 14 * week))
            shelf.note("regular", f"b{week}", purchase(["ODD"], FIRST + 14 * week + 7))
        shelf.call("ODD", "Odd")
        found = fitted(shelf)
    assert "ODD" not in after(found, "P4")


def test_what_everybody_buys_anyway_is_not_bought_because_of_something() -> None:
    with Shelf() as shelf:
        fill(shelf, customers=2_000)
        found = fitted(shelf)
    named = [sku for base in range(4, 40, 2) if "P0" in after(found, f"P{base}") for sku in [base]]
    assert len(named) <= 1, "chance alone names it once in a thousand times"


def test_a_purchase_that_was_refunded_or_went_to_somebody_else_is_not_counted() -> None:
    with Shelf() as shelf:
        for number in range(40):
            shelf.note(f"c{number}", f"a{number}", purchase(["A"], FIRST + number % 7))
            shelf.note(f"c{number}", f"b{number}", purchase(["B"], FIRST + 10 + number % 7))
            if number % 2:
                shelf.note(f"c{number}", f"b{number}", purchase(["B"], FIRST + 10, counts=False))
            else:
                shelf.note(f"c{number}", f"b{number}", None)
        with pytest.raises(LookupError, match="sku"):
            fit_shelf(Shelf().__enter__(), {})
        counts = count(shelf.customers(), len(shelf.skus), shelf.folder / "pairs", FIRST + 100)
    assert counts.buyers.tolist() == [40, 0]


def test_the_same_purchases_give_the_same_whatever_the_order_in_which_they_are_told() -> None:
    with Shelf() as one, Shelf() as other:
        fill(one)
        names = [(f"c{n}", f"t{n}-{v}") for n in range(600) for v in range(6)]
        assert len(names) == 3_600
        fill(other)
        fill(other)  # told twice
        assert fitted(one).fitted == fitted(other).fitted


def test_a_product_without_a_name_is_not_recommended() -> None:
    with Shelf() as shelf:
        fill(shelf)
        shelf.names.pop(shelf.skus["P5"])
        found = fitted(shelf)
    assert "P5" not in after(found, "P4")
    assert found.nameless == 1


def test_what_is_not_sold_any_more_is_not_recommended() -> None:
    with Shelf() as shelf:
        fill(shelf)
        shelf.note("late", "l1", purchase(["NEW"], FIRST + 600))
        found = fitted(shelf)
    assert not found.fitted.after


def test_nothing_is_published_that_does_worse_than_what_is_in_force() -> None:
    with Shelf() as shelf:
        fill(shelf, customers=2_000)
        good = fitted(shelf)
        swapped = {place: place ^ 1 for place in range(len(good.fitted.products))}
        bad = msgspec.structs.replace(
            good.fitted,
            after=tuple((row[0], *(swapped[each] % len(swapped) for each in row[1:])) for row in good.fitted.after),
        )
        against_bad = fitted(shelf, msgspec.to_builtins(bad))
        against_good = fitted(shelf, msgspec.to_builtins(good.fitted))
    assert not against_bad.refusal
    assert not against_good.refusal, "the same as in force is not worse"
    worse = Refit(bad, good.fitted, (-0.2, 0.01))
    assert "in force was right more often" in worse.refusal


def test_what_does_not_fit_beside_the_files_goes_from_what_is_bought_least() -> None:
    with Shelf() as shelf:
        fill(shelf)
        for number in range(30):
            shelf.note(f"fan{number}", f"f{number}", purchase(["P4"], FIRST))
        counts = count(shelf.customers(), len(shelf.skus), shelf.folder / "pairs", FIRST + 200)
        whole = fit(counts, shelf, FIRST + 150, 0.0)
        bytes_of_whole = len(zlib.compress(msgspec.json.encode(whole), 6))
        small = fit(counts, shelf, FIRST + 150, 0.0, most_bytes=bytes_of_whole * 9 // 10)
    assert 0 < len(small.after) < len(whole.after)
    assert [small.products[row[0]].sku for row in small.after][:1] == ["P4"]


def test_what_is_picked_was_never_bought_and_is_in_stock() -> None:
    with Shelf() as shelf:
        fill(shelf)
        table = Table(fitted(shelf).fitted)

    def picked(wanted: Wanted, by_hand: ByHand | None = None, kept: bytes = b"", today: int = FIRST) -> str:
        product = pick(table, by_hand or ByHand(), wanted, kept, today)
        return "" if product is None else product.sku

    after, had = Wanted(after=("P4",)), bought(b"", ["P5"], FIRST)
    assert picked(after) == "P5"
    assert picked(after, kept=had, today=FIRST + 1) != "P5"
    assert picked(Wanted(again_after=30, after=("P4",)), kept=had, today=FIRST + 30) == "P5"
    assert picked(after, ByHand(out_of_stock=frozenset({"P5"}))) != "P5"
    assert picked(after, ByHand(pairs={"P4": ("P9",)})) == "P9"
    assert not picked(Wanted(after=("UNKNOWN",)))
    assert picked(Wanted(instead=Instead.BEST_SELLER, after=("UNKNOWN",))) == table.best[0].sku
    assert picked(Wanted(), kept=bought(b"", ["P4"], FIRST)) == "P5", "after what was bought last"
