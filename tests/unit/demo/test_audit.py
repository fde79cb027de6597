from stamgast.demo.account import Account, Expected
from stamgast.demo.audit import Verdict, check_messages, check_purchases, lives_of
from stamgast.domain.activation import Note
from stamgast.domain.customer import Customer


def purchase(transaction, amount):
    return {"transaction_id": transaction, "totals": {"gross_minor": amount}}


def verdict_of(expected, purchases, spend):
    verdict = Verdict()
    check_purchases(verdict, "c1", expected, Customer(purchases=purchases, spend=spend))
    return verdict.lost, verdict.doubled, verdict.applied


def note(kind, activation="a1", status="", **more):
    return Note(kind=kind, activation=activation, merchant="m", customer="c", at=1, status=status, **more)


def post(activation="a1", *, accepted=True, attempt="t1"):
    return {"accepted": accepted, "status_callback": f"http://h/twilio/status?m=m&c=c&x={activation}&a={attempt}"}


def checked(notes, posts):
    verdict = Verdict()
    check_messages(verdict, lives_of(notes), posts)
    return verdict.lost, verdict.doubled


SENT = [note("decided", status="submitted"), note("claimed", attempt="t1"), note("outcome", status="delivered")]


def test_receipts_of_one_customer_add_up_each_on_its_own():
    account = Account()
    account.sold("m", "c1", purchase("t1", 300))
    account.sold("m", "c1", purchase("t2", 500))
    account.sold("m", "c1", purchase("t2", 500))
    account.sold("m", "c2", purchase("t3", 100))
    account.refunded("m", "t3")
    account.enrolled("m", "c3")
    assert {customer: expected for _, customer, expected in account.expected()} == {
        "c1": Expected(2, 800),
        "c2": Expected(0, 0, refunded=1),
        "c3": Expected(),
    }
    assert (account.sent, account.taken_back, account.customers) == (3, 1, 3)


def test_a_state_as_it_should_be_is_neither_lost_nor_doubled():
    assert verdict_of(Expected(2, 800), 2, 800) == (0, 0, 2)
    assert verdict_of(Expected(1, 300, refunded=1), 1, 300) == (0, 0, 2)
    assert verdict_of(Expected(), 0, 0) == (0, 0, 0)


def test_every_missing_purchase_is_lost():
    assert verdict_of(Expected(3, 800), 1, 300) == (2, 0, 1)
    assert verdict_of(Expected(1, 0), 0, 0) == (1, 0, 0)


def test_every_purchase_too_many_is_doubled():
    assert verdict_of(Expected(1, 300), 3, 900) == (0, 2, 3)


def test_the_right_number_of_purchases_with_the_wrong_sum_is_wrong_too():
    assert verdict_of(Expected(2, 800), 2, 799) == (1, 0, 2)
    assert verdict_of(Expected(2, 800), 2, 801) == (0, 1, 2)


def test_a_message_sent_once_is_right():
    assert checked(SENT, [post()]) == (0, 0)
    assert checked(SENT, [post(accepted=False), post(attempt="t2")]) == (0, 0)


def test_a_message_accepted_twice_is_doubled():
    assert checked(SENT, [post(), post(attempt="t2")]) == (0, 1)


def test_a_message_that_nobody_decided_is_doubled():
    assert checked([], [post()]) == (0, 1)
    assert checked([], [{"accepted": True, "status_callback": None}]) == (0, 1)


def test_a_submission_without_an_outcome_is_lost():
    assert checked(SENT[:2], []) == (1, 0)
    assert checked(SENT[:1], []) == (1, 0)


def test_a_message_said_to_be_sent_that_the_carrier_never_took_is_lost():
    assert checked(SENT, []) == (1, 0)


def test_what_is_held_or_was_withheld_is_not_lost():
    assert checked([note("decided", status="held"), note("outcome", "a2", status="suppressed")], []) == (0, 0)


def test_what_stays_in_doubt_is_shown_and_not_lost():
    assert checked([*SENT[:2], note("outcome", status="in_doubt")], [post()]) == (0, 0)
