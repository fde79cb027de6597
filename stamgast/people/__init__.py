"""What is done about one person: shown, told why, opted out, forgotten."""
