"""State in Redis: one session a connection, one Lua script a step, every key of a partition in one slot.

Begin with `session` (how we talk to Redis), then `partitions` (take, read, commit), then `keys`.
"""
