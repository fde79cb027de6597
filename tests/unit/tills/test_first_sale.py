"""What a developer is told of the first sale: where it was, and what to say where that is no store of the programme."""

from stamgast.tills.first_sale import FirstSale

STORES = {"dok-noord": None, "korenmarkt": None}


def test_the_first_sale_of_a_store_that_is_known():
    seen = FirstSale("dok-noord", "12.40 EUR", 3, with_customer=False, is_refund=False)
    assert seen.in_words(STORES) == "first sale seen: 12.40 EUR at Dok Noord, 3 items, no customer attached"


def test_a_place_that_is_no_store_says_how_to_map_it():
    told = FirstSale("999", "12.40 EUR", 1, with_customer=True, is_refund=False).in_words(STORES)
    assert told.startswith("first sale seen: 12.40 EUR at 999, 1 item, with its customer\n")
    assert "--store 999=STORE says which it is, one of dok-noord, korenmarkt" in told
