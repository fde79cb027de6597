from collections import Counter

from stamgast.demo.counts import sum_up


def test_counters_of_all_merchants_become_figures():
    counts = sum_up(
        Counter(
            {
                "purchases": 9,
                "customers": 4,
                "card|bread|completed": 2,
                "card|spend|completed": 1,
                "reward|free_loaf|issued": 2,
                "reward|free_loaf|redeemed": 1,
                "stage|lapsing": 3,
                "lapsing": 5,
                "message|sms|sent": 0,
                "message|sms|delivered": 2,
                "message|whatsapp|read": 1,
                "suppressed|holdout": 7,
            }
        )
    )
    assert (counts.purchases, counts.customers, counts.cards_completed, counts.rewards, counts.lapsing) == (
        9,
        4,
        3,
        2,
        3,
    )
    assert counts.messages == {"sms": {"delivered": 2}, "whatsapp": {"read": 1}}
    assert counts.withheld == {"holdout": 7}
