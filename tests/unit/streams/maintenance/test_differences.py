"""What `verify` says of what differs: a line each, cut, counted."""

from stamgast.commands.verify import as_json_document, tell
from stamgast.domain.customer import Customer, Voucher
from stamgast.state.keys import customers
from streams.maintenance.differences import SHOWN, Report, plain, said, said_of_entries


def voucher(number: int, state: str = "open") -> Voucher:
    return Voucher(f"0-{number}", "loaf", state, 0, 1, f"card:bread:{number}", "")


def difference(is_now: Customer | None, should_be: Customer | None) -> str:
    return "; ".join(said(plain(is_now), plain(should_be)))


def test_a_field_is_told_with_what_it_is_and_what_it_should_be():
    assert difference(Customer(purchases=3, spend=7), Customer(purchases=5, spend=7)) == "purchases is 3, should be 5"
    assert difference(None, Customer()) == "is missing in Redis"
    assert difference(Customer(), None) == "is in Redis and not in the log"


def test_a_long_value_is_told_by_its_length_or_by_its_first_difference():
    many, few = [voucher(n) for n in range(1_703)], [voucher(n) for n in range(20)]
    assert difference(Customer(vouchers=many), Customer(vouchers=few)) == "vouchers has 1,703, should have 20"
    used = difference(Customer(vouchers=few), Customer(vouchers=[*few[:19], voucher(19, "redeemed")]))
    assert len(used) < 200
    assert "0-19" in used
    assert difference(Customer(language="x" * 500), Customer()).endswith("…, should be ''")


def test_of_many_fields_some_are_told():
    other = Customer(1, 2, 3, 4, 5, 6, 7, 8, b"9", 10, "lapsed", 12)
    assert len(difference(other, Customer(1)).split("; ")) == 7
    assert difference(other, Customer(1)).endswith("and 5 more fields")


def test_a_ledger_is_told_by_counts():
    is_now, should_be = {b"a": b"1", b"b": b"2", b"x": b"3"}, {b"a": b"1", b"b": b"9", b"c": b"4", b"d": b"5"}
    assert said_of_entries(is_now, should_be) == [
        "its ledger of 4 entries has 2 missing, 1 too many, 1 different",
    ]
    assert said_of_entries(should_be, should_be) == []


def test_all_are_counted_and_the_first_are_listed(capsys):
    report = Report(customers=2_000)
    for number in range(1_000):
        report.note(customers(number % 2), f"customers {number % 2}", f"m:c{number}: purchases is 1, should be 2")
    tell(report)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "customers 0, m:c0: purchases is 1, should be 2"
    assert len(lines) == SHOWN + 3
    assert lines[SHOWN:] == [
        "... and 950 more",
        "2,000 customers, 0 transactions: 1,000 differences in 2 partitions",
        "`stamgast verify --mend` lets their partitions be filled anew from the log",
    ]
    document = as_json_document(report)
    assert (document["different"], len(document["differences"])) == (1_000, SHOWN)
    assert document["partitions"] == ["customers 0", "customers 1"]
