"""Lightspeed Restaurant (K-Series): `adapter` (its Financial API is polled), then `sales` (what an account means)."""

from stamgast.pos.systems.lightspeed_k.adapter import LightspeedK

__all__ = ["LightspeedK"]
