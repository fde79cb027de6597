"""From files and live states to histories as arrays."""
