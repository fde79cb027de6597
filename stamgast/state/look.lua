-- Read what belongs to one customer, or one transaction, together with how far its partition was then. Writes nothing.
-- KEYS: meta, value, hash, sorted set   ARGV: member of the sorted set
-- Returns watermark, backlogs, offsets laid aside, marks of clocks, why it is not to be believed, and from where on it
-- may be shown; value; hash, flat; score.
local call = redis.call
return {
  call('HMGET', KEYS[1], 'wm', 'waits', 'aside', 'clock', 'half', 'goal'),
  call('GET', KEYS[2]), call('HGETALL', KEYS[3]), call('ZSCORE', KEYS[4], ARGV[1]),
}
