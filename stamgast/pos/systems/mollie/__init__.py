"""Mollie: payments online and at its terminals (`Mollie` is the adapter)."""

from stamgast.pos.systems.mollie.adapter import Mollie

__all__ = ["Mollie"]
