"""What is served over HTTP: purchases, enrolment, customers, redemptions, Twilio's webhooks, health and metrics.

Begin with `app` (the routes), `deps` (what handlers need), `auth` (who may come in, with how much), then `api` and
`webhooks`, one module per noun; `pages` is what people see. Nothing is acknowledged before Kafka has it.
"""
