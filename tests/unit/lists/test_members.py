"""Lists of customers: who they are, what they agreed to, when and how, and what is said of rows that do not tell."""

from stamgast.domain.units import DAY
from stamgast.lists.receipts import Rejected
from stamgast.sheets.dates import read_date


def test_a_row_is_an_enrolment_with_the_proof_of_each_consent(members):
    (anna,) = members(
        "GSM;Voornaam;Taal;Geboortedatum;Bron;Doel;Kanaal;Toestemming_op;Hoe;Lid_sinds\n"
        "0612345678;Anna;NL;21-10-1988;flyer;marketing;sms+whatsapp;15-02-2024;form at the counter;1-2-2020\n"
    )
    given = anna.given
    assert (given.phone, given.first_name, given.language, given.birthday) == ("0612345678", "Anna", "nl", "1988-10-21")
    assert given.acquisition_source == "flyer"
    assert [(c.purpose, c.channel, c.granted, c.wording_version, c.source) for c in given.consents] == [
        ("marketing", "sms", True, "form at the counter", "form at the counter"),
        ("marketing", "whatsapp", True, "form at the counter", "form at the counter"),
    ]
    assert {each // DAY for each in anna.consents_since} == {read_date("2024-02-15")}
    assert anna.joined // DAY == read_date("2020-02-01")


def test_a_column_for_each_consent_says_yes_no_or_since_when(members):
    found = members(
        "phone,marketing_sms,marketing_whatsapp,stop\n0612345678,2024-02-15,nee,\n0687654321,ja,,x\n",
        constants={"wording": "paper-2024"},
    )
    said = [[(c.channel, c.granted) for c in each.given.consents] for each in found]
    assert said == [[("sms", True), ("whatsapp", False)], [("sms", True)]]
    assert [each.opted_out for each in found] == [False, True]
    assert found[1].consents_since == (0,)


def test_rows_that_prove_nothing_or_name_nobody_are_rejected_with_the_reason(members):
    found = members(
        "phone,purpose,channel,consent,birthday,consent_at\n"
        "0612345678,marketing,sms,yes,,\n,,,,,\n"
        "0612345678,,,maybe,,\n0612345678,,,,31-31-1988,\n0612345678,,,,1905-01-01,\n0612345678,marketing,fax,no,,\n"
        "0612345678,marketing,sms,no,,2099-01-01\n"
    )
    reasons = {each.line: each.reason for each in found if isinstance(each, Rejected)}
    assert "how it was given" in reasons[2]
    assert "consent: 'maybe' is neither yes nor no, nor a date" in reasons[4]
    assert "birthday: is not a date" in reasons[5]
    assert "more than 120 years back" in reasons[6]
    assert "channel may not be 'fax'" in reasons[7]
    assert "lies ahead" in reasons[8]
