"""`rules check` says what the law of the shop's countries is known to say of a draw, and that somebody has to tell it."""

from rules.advice import advise
from tests.unit.rules import small_shop

ENTER = "rule: example\nstatus: live\nwhen: %s\nthen: [{enter_draw: december}]\n"


def advice(rule: str, program: str = small_shop.PROGRAM) -> str:
    loaded = small_shop.load(rule, program + small_shop.DRAWS)
    assert loaded.ok, loaded.problems
    return "\n".join(f"{each.message} {each.hint}" for each in advise(loaded))


def test_a_purchase_that_takes_part_is_told_of_for_each_country_of_the_shop():
    stores = small_shop.PROGRAM.replace("dok-noord: {}", "dok-noord: {region: BE}")
    said = advice(ENTER % "purchase", stores)
    assert "a purchase is what takes part in december. NL: a promotional game of chance" in said
    assert "a purchase is what takes part in december. BE: public lotteries are forbidden" in said
    assert "ask a lawyer" in said


def test_without_a_purchase_it_is_said_as_well_and_of_an_unknown_country_that_nothing_was_looked_up():
    abroad = small_shop.PROGRAM.replace("region: NL", "region: US").replace("+312012345", "+120255501")
    said = advice(ENTER % "{event: workshop}", abroad)
    assert "chance decides about december. US: nothing was looked up about draws there" in said


def test_a_draw_whose_winners_nobody_tells_is_told_of():
    assert "no rule tells those who win in december" in advice(ENTER % "purchase")
    assert "no rule tells" not in advice(
        "rule: example\nstatus: live\nwhen: {drawn: {draw: december}}\nthen: [{tag: seen}]\n"
    )
