"""The purchase models for one customer at a time; the formulas with their sources."""
