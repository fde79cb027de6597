"""Shopify, its web shops and its POS (`Shopify` is the adapter)."""

from stamgast.pos.systems.shopify.adapter import Shopify

__all__ = ["Shopify"]
