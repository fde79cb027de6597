from datetime import date
from pathlib import Path

import pytest

from rules.loader import load_merchant
from stamgast.backtest.csv_past import PastError, columns_of, read_csv, span_of, unread_columns
from stamgast.backtest.plan import Share
from stamgast.backtest.sales import events_of
from stamgast.clock.shop_time import format_time
from stamgast.domain.calendar import at_local, date_of
from stamgast.domain.events import ConsentChanged, Enrolled, PurchaseChanged
from stamgast.domain.units import DAY, MINUTE

PROGRAM = load_merchant(Path(__file__).parents[3] / "config/merchants/bakkerij-noord").program
FOREVER = 1 << 60
OCTOBER = 20_727
"""1 October 2026."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.csv"


def read(file: Path, text: str):
    file.write_text(text)
    return read_csv(file, PROGRAM, Share(), FOREVER)


def changes(file: Path, text: str, customer: str = "noor") -> list[PurchaseChanged]:
    events = events_of(customer, read(file, text)[customer], PROGRAM)
    return [event for event in events if isinstance(event, PurchaseChanged)]


def test_a_line_is_a_purchase_on_the_shops_own_clock(file: Path):
    (bought,) = changes(file, "customer,date,amount,store,category\nnoor,2026-10-01 08:15,12.40,dok-noord,bread\n")
    assert bought.at == at_local(OCTOBER, 8 * 60 + 15, "Europe/Amsterdam")
    assert bought.after is not None
    assert (bought.after.spend, bought.after.store, bought.after.lines[0].category) == (1240, "dok-noord", "bread")


def test_an_offset_is_believed_and_a_bare_day_is_its_noon(file: Path):
    told = "customer,date,amount\nnoor,2026-10-01T08:15:30+00:00,1\nnoor,2026-10-02,1\n"
    first, second = changes(file, told)
    assert first.at == at_local(OCTOBER, 10 * 60 + 15, "Europe/Amsterdam") + 30_000
    assert second.at == at_local(OCTOBER + 1, 12 * 60, "Europe/Amsterdam")


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"])
def test_a_time_of_day_is_the_shops_own_on_days_on_which_clocks_are_changed_too(file: Path, day: str):
    minutes = range(0, 24 * 60, 7)
    lines = "".join(f"noor,{day} {each // 60:02}:{each % 60:02},1\n" for each in minutes)
    known = at_local((date.fromisoformat(day) - date(1970, 1, 1)).days, 0, "UTC") // DAY
    expected = sorted(at_local(known, each, "Europe/Amsterdam") for each in minutes)
    assert [each.at for each in changes(file, "customer,date,amount\n" + lines)] == expected


def test_lines_of_one_transaction_are_one_purchase(file: Path):
    told = "customer,date,amount,category,transaction\nnoor,2026-10-01,2.00,bread,7\nnoor,2026-10-01,3.50,pastry,7\n"
    first, second = changes(file, told)
    assert first.transaction == second.transaction == "7"
    assert second.before == first.after
    assert second.after is not None
    assert (second.after.spend, [line.category for line in second.after.lines]) == (550, ["bread", "pastry"])


def test_a_negative_amount_gives_back_what_was_bought_last(file: Path):
    told = "customer,date,amount\nnoor,2026-10-01,20\nnoor,2026-10-02,5\nnoor,2026-10-03,-20\nnoor,2026-10-04,-5\n"
    *_, large, small = changes(file, told)
    assert large.after is not None
    assert (large.after.spend, large.after.counts, large.after.refunded) == (0, False, 2000)
    assert small.after is not None
    assert (small.transaction, small.after.counts) == ("line-1", False)


def test_what_was_bought_before_the_file_begins_is_given_back_by_nobody(file: Path):
    assert len(changes(file, "customer,date,amount\nnoor,2026-10-01,5\nnoor,2026-10-02,-50\n")) == 1


def test_somebody_joins_a_minute_before_their_first_purchase_and_agrees_to_everything(file: Path):
    told = "customer,date,amount,language\nnoor,2026-10-05,5,fr\nnoor,2026-10-01,5,fr\n"
    *agreed, joined, _, _ = events_of("noor", read(file, told)["noor"], PROGRAM)
    assert isinstance(joined, Enrolled)
    assert (joined.at, joined.language) == (at_local(OCTOBER, 720, "Europe/Amsterdam") - MINUTE, "fr")
    assert all(isinstance(each, ConsentChanged) and each.granted for each in agreed)
    assert len(agreed) == 4, "before they join, so that a welcome may go"


def test_every_customer_is_in_one_share(file: Path):
    file.write_text("customer,date,amount\n" + "".join(f"c{number},2026-10-01,1\n" for number in range(100)))
    shares = [set(read_csv(file, PROGRAM, Share(part, 3), FOREVER)) for part in range(3)]
    assert sum(map(len, shares)) == len(set().union(*shares)) == 100
    assert all(len(share) > 10 for share in shares)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "shop.csv: the file is empty"),
        ("klant,date,amount\n", "1:1: there is no column 'customer'; is that the column 'klant'? call it 'customer'"),
        ("customer\tdate\tamount\n", "1:1: columns are separated by tabs; separate them by commas"),
        ("customer;date;amount\nn;2026-10-01;1,250\n", "2:3: '1,250' "),
        ("customer;date;amount\nn;2026-10-01;1.250\n", "2:3: '1.250' can be read two ways; write 1250 or 1.25"),
        ("customer,date,amount,date\n", "1:4: there are two columns 'date'"),
        (
            "customer,date,amount\nn,2026-10-01,1.250\n",
            "2:3: '1.250' can be read two ways; write 1250 or 1.25, whichever is meant",
        ),
        ("customer,date,amount\nn,1/2/2026,1\n", "2:2: '1/2/2026' is not a date; write 2026-02-01, or 2026-01-02"),
        ("customer,date,amount\nn,2026-10-01 25:00,1\n", "2:2: '2026-10-01 25:00' is not a date; write it as"),
        ("customer,date,amount\nn,2026-10-01,EUR 5\n", "2:3: 'EUR 5' is not an amount; write 5"),
        ('customer,date,amount\nn,2026-10-01,"1.250,00"\n', "2:3: '1.250,00' is not an amount; write 1250.00"),
        ("customer,date,amount\nn,2026-10-01,1.2555\n", "2:3: '1.2555' is finer than EUR is; round it first"),
        ("customer,date,amount\n,2026-10-01,1\n", "2:1: there is no customer; leave purchases of nobody known out"),
        ("customer,date,amount\nn,2026-10-01,1,2\n", "2:4: line 2 has 4 cells, the heading 3; if that is a decimal"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(file: Path, text: str, problem: str):
    with pytest.raises(PastError) as told:
        read(file, text)
    assert any(problem in each for each in told.value.problems), told.value.problems


def test_what_excel_saves_where_commas_are_decimal_is_read_as_it_is(file: Path):
    told = "\ufeffcustomer;date;amount\r\nnoor;2026-10-01;12,50\r\nnoor;2026-10-02;1.250,00\r\nnoor;2026-10-03;7,5\r\n"
    assert [each.amount for each in read(file, told)["noor"]] == [1250, 125_000, 750]
    assert columns_of(file) == {"customer", "date", "amount"}
    assert read(file, "customer;date;amount\nnoor;2026-10-01;5.25\nnoor;2026-10-02;-5,25\n")["noor"][1].amount == -525


def test_dates_are_understood_as_shopify_loyverse_and_online_retail_write_them(file: Path):
    file.write_text(
        "customer,date,amount\na,10/1/2026 8:26,1\na,2026-10-01 12:15:18 +0300,1\na,10/31/26 8:50 PM,(0.50)\n"
    )

    sales = read_csv(file, PROGRAM, Share(), FOREVER)["a"]

    assert [(format_time(sale.at), sale.amount) for sale in sales] == [
        ("2026-10-01T06:26:00Z", 100),
        ("2026-10-01T09:15:18Z", 100),
        ("2026-10-31T19:50:00Z", -50),
    ]
    assert [str(date_of(day)) for day in span_of(file)] == ["2026-10-01", "2026-10-31"]


def test_a_thousand_wrong_lines_are_told_by_twenty(file: Path):
    with pytest.raises(PastError) as told:
        read(file, "customer,date,amount\n" + "n,never,1\n" * 1_000)
    assert len(told.value.problems) == 21
    assert told.value.problems[-1].endswith("and perhaps more")


def test_what_is_no_text_is_told(file: Path):
    file.write_bytes(b"customer,date,amount\nZo\xeb,2026-10-01,1\n")
    with pytest.raises(PastError, match="byte 23 is not UTF-8; save the file as CSV UTF-8"):
        read_csv(file, PROGRAM, Share(), FOREVER)
    with pytest.raises(PastError, match="No such file"):
        read_csv(file.with_name("none.csv"), PROGRAM, Share(), FOREVER)


def test_its_days_are_those_of_its_lines_in_any_order(file: Path):
    file.write_text("customer,date,amount\nn,2026-10-03 08:00,1\nn,2026-09-01,1\nn,2026-10-02,1\n")
    assert [str(date_of(day)) for day in span_of(file)] == ["2026-09-01", "2026-10-03"]
    file.write_text("customer,date,amount\n")
    with pytest.raises(PastError, match="there is no purchase in it"):
        span_of(file)


def test_columns_that_are_not_read_are_told(file: Path):
    file.write_text("customer,date,amount,winkel,colour\n")
    shop, colour = unread_columns(file)
    assert shop.endswith("1:4: the column 'winkel' is not read; is that 'store'? call it so")
    assert colour.endswith("1:5: the column 'colour' is not read")
