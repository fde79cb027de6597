"""What web, worker and commands share of Kafka.

Start with `topics` (the table of topics), then `producers` (how records are appended), `reading` (how a log is read up
to its end) and `dead_letters`.
"""
