"""What tags and sources are worth, against what they cost."""
