"""What several processes found in their partitions is one report."""

from stamgast.state.keys import customers
from streams.maintenance.differences import SHOWN, Report


def report_of(partition: int, customers_there: int, different: int) -> Report:
    found = Report(customers=customers_there, transactions=2 * customers_there, behind=1, waiting=3)
    for number in range(different):
        found.note(customers(partition), f"customers {partition}", f"{number}: it differs")
    return found


def test_counts_are_added_and_only_the_first_differences_are_listed():
    whole = report_of(0, 10, 0)
    assert whole.equal
    for partition, different in ((1, 30), (2, 40)):
        whole.merge(report_of(partition, 5, different))
    assert (whole.customers, whole.transactions, whole.behind, whole.waiting) == (20, 40, 3, 9)
    assert (whole.different, len(whole.differences), whole.equal) == (70, SHOWN, False)
    assert sorted(whole.partitions.values()) == ["customers 1", "customers 2"]
    assert whole.differences[0] == "customers 1, 0: it differs"
