"""The worker: a Faust app whose partition services carry intake, customers, timers and the outbox."""
