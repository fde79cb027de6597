"""Drawings of shops as pixels: a picture to keep and a card in a wallet hold no SVG."""
