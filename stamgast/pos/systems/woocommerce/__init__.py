"""WooCommerce, the shop in WordPress (`WooCommerce` is the adapter)."""

from stamgast.pos.systems.woocommerce.adapter import WooCommerce

__all__ = ["WooCommerce"]
