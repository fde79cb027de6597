"""What would be refused at the send is refused before anybody publishes it."""

import pytest

from channels.model import Message, Sender, SmsText
from channels.prepare import prepare_message
from rules.loader import load_bundle
from rules.program.message_size import LONG_NAME, longest_words, size_of
from stamgast.domain.units import HOUR
from stamgast.domain.vocabulary import Channel, Letters
from tests.unit.rules.small_shop import PROGRAM, files_of

PRICED = PROGRAM + "prices: {sms: {NL: 0.0875 EUR, BE: 0.091 EUR}}\n"
LONG = "Vandaag bij ons: " + "een zacht broodje kaas met mosterd, " * 13 + "STOP om te stoppen"


def told(text: str, program: str = PRICED, *, published: bool = False) -> list[str]:
    loaded = load_bundle({**files_of(program=program), "templates/nl/hello.j2": text}, published=published)
    return [f"{p.line}:{p.column} {p.message} | {p.hint}" for p in loaded.problems if p.file == "templates/nl/hello.j2"]


def with_messaging(words: str) -> str:
    return PRICED.replace("messaging: {", f"messaging: {{{words}, ")


def test_an_sms_of_more_parts_than_are_sent_is_refused_with_what_it_would_cost():
    assert told(LONG) == [
        (
            "1:1 this SMS can take 4 parts, for 0.3500 EUR: at most 3 are sent | "
            "Shorten it by some 44 characters, or write `max_parts: 4` in `messaging`."
        )
    ]
    assert told(LONG, with_messaging("max_parts: 4")) == []


def test_the_character_that_costs_is_named_where_it_stands():
    found = told("Hallo!\nNieuw \u2013 vers " + "brood " * 12 + "STOP", with_messaging("letters: keep"))
    assert found == [
        (
            '2:7 "\u2013" makes it 2 parts instead of 1 (0.1750 EUR instead of 0.0875 EUR) | '
            'Write "-" instead, or `letters: plain` in `messaging`.'
        )
    ]
    assert told("Hallo!\nNieuw \u2013 vers " + "brood " * 12 + "STOP") == [], "it goes as a dash"


def test_an_emoji_that_makes_a_text_too_long_is_named():
    found = told("Nieuw 🍞 " + "brood " * 40 + "STOP")
    assert found == [
        '1:7 this SMS can take 4 parts, for 0.3500 EUR: at most 3 are sent | "🍞" is what makes it dear: leave it out.'
    ]


def test_a_name_that_is_too_long_is_left_out_as_at_the_send():
    assert told("{% if customer.first_name %}{{ customer.first_name }} {% endif %}" + "x" * 440 + " STOP") == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ voucher.code + 5 }} STOP",
        "{{ 10 // (card.missing | int) }} STOP",
        "{% if customer.name %}Dag, STOP{% endif %}",
        "STOP " + "x" * 1600,
    ],
)
def test_a_message_that_cannot_be_made_is_refused_once(text: str):
    assert len([each for each in told(text) if "STOP" not in each.partition("|")[0]]) == 1


@pytest.mark.parametrize("letters", Letters)
def test_what_is_foretold_is_what_the_sender_makes_of_it(letters: Letters):
    program = load_bundle(
        files_of(program=PRICED.replace("messaging: {", f"messaging: {{letters: {letters}, "))
    ).program
    text = "Dag {{ customer.first_name or 'klant' }}, uw {{ voucher.name }} ({{ voucher.code }}) tot {{ voucher.valid_until }}"
    size = size_of(program, "hello", "nl", text)
    source, sender = SmsText(text, letters), Sender(from_="+31201234568")
    message = Message(
        merchant="shop",
        activation="a1",
        customer="c1",
        template="hello",
        channel=Channel.SMS,
        to="+31612345678",
        locale="nl",
        variables=longest_words(program, "nl"),
        source=source,
        sender=sender,
        valid_until=HOUR,
    )
    prepared = prepare_message(message, 0)
    assert size is not None
    assert size.parts == getattr(prepared, "parts", None)
    assert len(LONG_NAME) == 40


def test_a_text_that_is_in_force_already_goes_on_to_be_sent():
    assert told(LONG, published=True) == []


def test_prices_are_booked_at_home_unless_costs_say_otherwise():
    program = load_bundle(files_of(program=PRICED)).program
    assert program.prices == {"sms": {"NL": 8_750, "BE": 9_100}}
    assert program.costs.contact_costs == {"sms": 8_750}
    said = PRICED + "costs: {contact: {sms: 0.05 EUR}}\n"
    assert load_bundle(files_of(program=said)).program.costs.contact_costs == {"sms": 5_000}


def test_the_price_is_told_for_the_countries_of_all_stores():
    belgian = PRICED.replace("day_start: 4", "day_start: 4, region: BE")
    program = load_bundle(files_of(program=belgian)).program
    size = size_of(program, "hello", "nl", "brood " * 40)
    assert size is not None
    assert size.price == "0.1750 EUR, 0.1820 EUR in BE"


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ("{post: {NL: 1 EUR}}", 'unknown word "post" in `prices`'),
        ("{sms: {Nederland: 0.08 EUR}}", '"Nederland" is not a country code'),
        ("{sms: {NL: 0.08 USD}}", "`prices: sms: NL` is in USD"),
        ("{sms: {NL: 8 cent}}", "is not the price of a message"),
        ("{sms: 0.08 EUR}", "takes words with values"),
    ],
)
def test_a_wrong_price_is_told(prices: str, said: str):
    loaded = load_bundle(files_of(program=f"{PROGRAM}prices: {prices}\n"))
    assert any(said in problem.message for problem in loaded.problems)
