"""Partitions of transactions: deliveries merged, one change told to its customer."""
