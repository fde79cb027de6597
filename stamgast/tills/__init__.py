"""A merchant's tills, connected: which there are, what they deliver, what their systems' APIs say.

Read `record` (a connection as it stands on `connections.v1`), `table` (all of them, in memory), `intake` (from objects
of a system to purchases that Kafka has), `letters` (what could not be taken), then `client` (the systems' APIs).
"""
