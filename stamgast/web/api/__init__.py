"""The HTTP interface for tills and shops."""
