"""What a card is called, and goods that give more of its stamps, as program.yaml says them."""

from stamgast.domain.customer import Customer
from stamgast.domain.message_words import message_variables
from stamgast.people.shown_card import stamps_on
from tests.unit.rules.small_shop import PROGRAM, load

NAMED = PROGRAM.replace("bread: {stamps: 7,", "bread: {names: {%s}, stamps: 7,")


def problems(program: str) -> list[str]:
    return [each.message for each in load(program=program).problems]


def test_a_card_is_called_by_its_name_in_messages_and_on_its_page():
    program = load(program=NAMED % "nl: Broodkaart").program
    words = message_variables(program, {"card": "bread", "stamps": {"bread": 5}}, "nl")["card"]
    assert words == {"stamps": "5", "size": "7", "missing": "2", "name": "Broodkaart"}
    assert stamps_on(Customer(), program.cards["bread"], program, "nl").name == "Broodkaart"
    assert program.cards["bread"].name("fr") == "Broodkaart", "better than nothing"
    assert program.cards["rewarded"].name("nl") == "Rewarded"


def test_a_name_in_another_language_is_told():
    assert problems(NAMED % "nl: Broodkaart, fr: Carte") == ['"fr" is not a language of this programme']
    assert problems(NAMED % "") == ["the card bread has no name in nl"]


def test_goods_that_the_card_does_not_take_are_told():
    doubled = PROGRAM.replace("bread: {stamps: 7,", "bread: {double: {category: %s}, stamps: 7,")
    assert problems(doubled % "bread") == []
    [told] = problems(doubled % "breed")
    assert told == "`cards: bread: double: category`: the bread card takes no breed"
