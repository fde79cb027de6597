"""What rules would have done: a shop's own past through the engine itself, in virtual time.

Customers do not meet in the engine, so each is played alone, from their first event to their last, and many processes
share them. Reading order: `plan` (what is asked), `csv_past`, `sales`, `log_past`, `lists` (where a past comes from),
`life` (one customer in virtual time), `account` (what is counted of them), `shares` (the processes), `findings` (the
answer).
"""
