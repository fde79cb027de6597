"""What a report says of answers, from counters that add up."""

import pytest

from stamgast.domain.satisfaction import By, Said, said_counter, satisfaction, satisfaction_in_words


def counts(**said: int) -> dict[str, int]:
    words = {"s10": (Said.SCORE, "10"), "s9": (Said.SCORE, "9"), "s7": (Said.SCORE, "7"), "s6": (Said.SCORE, "6")}
    return {
        said_counter("visit", by, which, *words.get(name, (name,))): times
        for name, times in said.items()
        for by, which in ((By.ALL, ""), (By.STORE, "hoek"))
    }


def test_the_mean_comes_with_its_interval_and_the_net_promoter_score():
    found = satisfaction(counts(asked=20, answered=10, s10=4, s9=2, s7=2, s6=2))["visit"]
    assert (found["asked"], found["answered"], found["answer_rate"]) == (20, 10, 0.5)
    assert (found["mean"], found["nps"]) == (8.4, 40.0)  # 6 of 10 for it, 2 against
    # by hand: s = 1.7127, t(9) = 2.2622, half = 1.2252
    assert found["low"] == pytest.approx(7.17, abs=0.01)
    assert found["high"] == pytest.approx(9.63, abs=0.01)
    assert found["by_store"]["hoek"]["mean"] == 8.4


def test_of_few_answers_no_interval_is_told():
    found = satisfaction(counts(asked=4, answered=4, s10=4))["visit"]
    assert (found["mean"], found["low"], found["high"]) == (10.0, None, None)


def test_nobody_answered_is_no_division_by_nobody():
    found = satisfaction(counts(asked=3))["visit"]
    assert (found["answer_rate"], found["mean"], found["nps"]) == (0.0, None, None)
    assert list(satisfaction_in_words({"visit": found})) == ["visit: 0 answers to 3 questions (0%)"]


def test_options_are_counted_by_their_names():
    totals = {said_counter("bread", By.ALL, "", Said.OPTION, name): times for name, times in {"ja": 3, "9": 1}.items()}
    totals |= {said_counter("bread", By.ALL, "", Said.ASKED): 5, said_counter("bread", By.ALL, "", Said.ANSWERED): 4}
    assert satisfaction(totals)["bread"]["options"] == {"ja": 3, "9": 1}


def test_what_became_of_complaints_is_told_in_words():
    found = satisfaction(counts(asked=9, answered=2, s6=2, complained=2, told=2, again=1, better=1, stopped=0))
    (_, words) = satisfaction_in_words(found)
    assert words.strip() == (
        "2 complained; staff were told of 2, 1 have bought again, 1 are content since, 0 said STOP"
    )
