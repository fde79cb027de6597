"""What program.yaml says about lapses."""

import pytest

from stamgast.domain.program import LapseModel


def lapse_of(load, words: str):
    loaded = load(program=load().files["program.yaml"] + f"\nlapse: {words}\n")
    return loaded.program.lapse if loaded.program else None, [f"{p.message} | {p.hint}" for p in loaded.problems]


def test_a_shop_says_how_sure_it_wants_to_be(load):
    found, told = lapse_of(load, "{precision: 80%}")
    assert told == []
    assert (found.precision, found.risk_precision) == (0.8, pytest.approx(0.48))


def test_where_nothing_is_said_it_is_sixty_percent(load):
    assert load().program.lapse.precision == LapseModel().precision == 0.6


def test_before_a_fit_knows_how_regularly_customers_come_the_same_is_asked_of_the_model(load):
    found, _ = lapse_of(load, "{precision: 80%}")
    assert (found.alive_below, found.risk_alive_below) == (pytest.approx(0.2), pytest.approx(0.52))


def test_the_old_words_say_how_sure_a_shop_wants_to_be_as_well(load):
    found, told = lapse_of(load, "{alive_below: 0.3, risk_alive_below: 0.6}")
    assert told == []
    assert (found.precision, found.risk_precision) == (pytest.approx(0.7), pytest.approx(0.4))
    assert (found.alive_below, found.risk_alive_below) == (0.3, 0.6)


def test_both_at_once_are_warned_of_and_the_new_word_counts(load):
    found, told = lapse_of(load, "{precision: 80%, alive_below: 0.3}")
    assert found.precision == 0.8
    assert told == ["`alive_below` says nothing beside `precision` | Remove one of the two."]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{precision: 100%}", "Write a share from 10% to 99%, such as 60%."),
        ("{precision: 5%}", "Write a share from 10% to 99%, such as 60%."),
        ("{precision: 0.6}", 'Write it as "60%".'),
        ("{precison: 60%}", 'Did you mean "precision"?'),
    ],
)
def test_what_cannot_be_is_told_with_the_right_way_of_writing_it(load, words: str, told: str):
    _, problems = lapse_of(load, words)
    assert len(problems) == 1
    assert told in problems[0]
