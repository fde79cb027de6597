"""Draws as whoever looks on reads them: what the logs say, whether that holds, and a prize that goes on."""
