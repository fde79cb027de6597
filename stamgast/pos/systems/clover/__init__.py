"""Clover: `adapter` (notices and API), then `orders` (an order's net state)."""

from stamgast.pos.systems.clover.adapter import Clover

__all__ = ["Clover"]
