"""Stripe: Checkout, Terminal and payments of one's own (`Stripe` is the adapter)."""

from stamgast.pos.systems.stripe.adapter import Stripe

__all__ = ["Stripe"]
