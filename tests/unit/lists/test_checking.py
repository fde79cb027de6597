"""A list that is only read is told of what the door would refuse."""

from stamgast.lists.bringing_in import only_read
from stamgast.lists.mapping import Mapping
from stamgast.lists.members import Members
from stamgast.lists.receipts import Receipts
from stamgast.lists.survey import survey
from tests.builders import T0, program


def test_purchases_are_held_against_the_contract_and_phones_against_what_reaches_somebody(sheet):
    found = survey(
        sheet("date,amount,phone,currency\n2026-03-31,1,0612345678,\n2026-03-31,1,12,\n2026-03-31,1,,EURO\n"), Mapping()
    )
    summary = only_read(found, Receipts(found, program(), b"key"), program())
    reasons = {each.line: each.reason for each in summary.rejected}
    assert (summary.rows, summary.accepted, set(reasons)) == (3, 1, {3, 4})
    assert reasons[3].startswith("phone ")
    assert "EURO" in reasons[4]


def test_customers_likewise(sheet):
    found = survey(sheet("phone,first_name\n0612345678,Anna\n0201234567,Bram\n"), Mapping())
    summary = only_read(found, Members(found, program(), T0), program())
    assert (summary.accepted, [each.line for each in summary.rejected]) == (1, [3])
    assert "is not a mobile number" in summary.rejected[0].reason
