"""What sends feeds: each worker those partitions that it owns, each feed at its own speed."""
