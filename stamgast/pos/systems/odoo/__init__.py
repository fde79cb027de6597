"""Odoo's Point of Sale: `adapter` (what it needs, how its API is asked), then `orders` (what an order means)."""

from stamgast.pos.systems.odoo.adapter import Odoo

__all__ = ["Odoo"]
