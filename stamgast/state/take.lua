-- Take a partition: from now on every script without this token is refused.
-- KEYS: meta   ARGV: token, then what to remember of where it belongs (field, value)...
-- A partition of which nothing has been applied takes on the given place; any other keeps the one it knows.
-- Returns meta as it stands now, flat.
local fresh = not redis.call('HGET', KEYS[1], 'wm')
for i = 2, #ARGV, 2 do
  redis.call(fresh and 'HSET' or 'HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return redis.call('HGETALL', KEYS[1])
