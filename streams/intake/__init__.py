"""Partitions of transactions: deliveries merged, one change passed on to its customer."""
