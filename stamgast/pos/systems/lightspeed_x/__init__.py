"""Lightspeed Retail (X-Series), once Vend: `adapter` (webhooks and API), then `sales` (a sale in three dialects)."""

from stamgast.pos.systems.lightspeed_x.adapter import LightspeedX

__all__ = ["LightspeedX"]
