"""How a sale was paid, as a payment system tells it beside the till: it adds to the transaction and never to its sum.

It stands on `purchases.v1` as a word on the sale's transaction (`stamgast.domain.claims`, verdict `paid`), so its owner
decides. Payments are a set by their ids, each in its newest version: in whatever order they come, and whether before
the sale or behind it, the transaction ends alike.
"""

import copy
from typing import Final

import msgspec

from stamgast.domain.claims import Asked
from stamgast.domain.transactions import Transaction

MOST: Final = 20
"""Payments of one transaction: the first ones are kept."""


def paid(transaction: Transaction, asked: Asked) -> Transaction | None:
    """The transaction with a payment; None where it changes nothing. `asked.claim_id` is the payment's id."""
    payment, known = asked.payment, transaction.payments.get(asked.claim_id)
    if payment is None or (known is None and len(transaction.payments) >= MOST):
        return None
    if payment.customer in transaction.formerly:
        payment = msgspec.structs.replace(payment, customer=transaction.whose)
    if known is not None and msgspec.structs.astuple(payment) <= msgspec.structs.astuple(known):
        return None
    state = copy.copy(transaction)
    state.payments = dict(sorted({**transaction.payments, asked.claim_id: payment}.items()))
    state.revision += 1
    return state
