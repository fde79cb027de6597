"""Square, its tills and its APIs (`Square` is the adapter)."""

from stamgast.pos.systems.square.adapter import Square

__all__ = ["Square"]
