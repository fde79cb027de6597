"""Which parameters to go by, asked at days inside the data."""
