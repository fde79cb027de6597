"""Partitions of customers: events applied, timers, bundles in force, what waits."""
