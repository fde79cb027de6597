import phonenumbers

from stamgast.demo.people import record_buyer, regular
from stamgast.domain.region import Region
from stamgast.identity.phones import normalise_phone


def test_everybody_has_a_phone_of_their_own_that_is_valid():
    phones = [record_buyer(number).phone for number in range(1, 2_358)] + [
        regular(number).phone for number in range(50)
    ]
    assert len(set(phones)) == len(phones)
    for phone in phones:
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone)), phone
        assert normalise_phone(phone, Region("NL")) == phone


def test_they_speak_two_languages_and_most_of_them_agree_to_messages():
    people = [record_buyer(number) for number in range(1, 2_358)]
    assert {person.language for person in people} == {"nl", "en"}
    assert 0.15 < sum(person.language == "en" for person in people) / len(people) < 0.18
    assert 0.08 < sum(not person.channels for person in people) / len(people) < 0.12
    assert sum("whatsapp" in person.channels for person in people) > 1_200


def test_an_enrolment_says_who_consented_to_what():
    body = record_buyer(1).enrolment()
    assert [(consent["purpose"], consent["channel"]) for consent in body["consents"]] == [
        ("marketing", channel) for channel in record_buyer(1).channels
    ]
