-- Say which workers noted themselves, and what time it is by the same clock.
-- KEYS[1] the hash of workers. Returns milliseconds, then values.
local time = redis.call('TIME')
local found = redis.call('HVALS', KEYS[1])
table.insert(found, 1, string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
return found
