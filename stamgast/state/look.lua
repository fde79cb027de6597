-- Read what belongs to one customer, transaction or message, together with how far its partition was then. Writes nothing.
-- KEYS: meta, value, hash, sorted set, another hash, list
-- ARGV: member of the sorted set, field of both hashes (empty: all of the first), then perhaps the digest of a
--       transaction that may stand in a box instead (behind boxes.lua)
-- Returns watermark, backlogs, offsets laid aside, marks of clocks, why it is not to be believed, and from where on it
-- may be shown; value; hash, flat; score; the other hash's field; how long the list is, its first and its last element.
local call, field = redis.call, ARGV[2]
local entries
if field == '' then
  entries = call('HGETALL', KEYS[3])
else
  local value = call('HGET', KEYS[3], field)
  entries = value and {field, value} or {}
end
local value = call('GET', KEYS[2])
if not value and ARGV[3] then value = boxed(KEYS[2], ARGV[3]) end
return {
  call('HMGET', KEYS[1], 'wm', 'waits', 'aside', 'clock', 'half', 'goal'),
  value, entries, call('ZSCORE', KEYS[4], ARGV[1]), call('HGET', KEYS[5], field),
  {call('LLEN', KEYS[6]), call('LINDEX', KEYS[6], 0), call('LINDEX', KEYS[6], -1)},
}
