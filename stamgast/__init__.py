"""Stamgast watches every purchase in real time and sends the right loyalty message at the right moment.

To read the code, start with:

1. `stamgast.domain.events`: what can happen to a customer.
2. `stamgast.domain.customer`: the state of a customer.
3. `stamgast.service`: the one use case, states + events -> new states, facts, activations.
4. `rules.engine`: how a marketer's rules listen to facts.
5. `streams.runtime.partitions`: how a partition is taken, read, thought about and committed.
6. `stamgast.state`: the Lua scripts that make a commit one step.
7. `streams.outbox.context` and `channels`: how a message leaves at most once.
8. `stamgast.web`: the doors through which purchases, replies and people come in.
9. `stamgast.bootstrap`: where settings become wired objects.
10. `stamgast.clv`: what customers are worth, fitted and scored in batches.
"""
