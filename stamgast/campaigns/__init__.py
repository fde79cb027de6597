"""Campaigns that a person starts: whom they are for, how they begin and end, and how far they are."""
