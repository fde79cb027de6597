"""The pages of customers: their card, what they want to hear, what is known of them; joining, and claiming a receipt.

Nobody signs in. The address of a card is a secret (`stamgast.identity.card_tokens`): these pages are kept by no cache,
found by no search engine, and tell no other site where somebody came from.
"""
