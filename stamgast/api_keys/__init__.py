"""API keys: what they are, who makes them, and the table of those in force."""
