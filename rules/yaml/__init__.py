"""Text with marks into values: a marketer's YAML, with every mistake said at its place."""
