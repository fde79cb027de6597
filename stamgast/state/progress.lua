-- Note the recorded time up to which a partition of transactions has been applied.
-- KEYS: meta   ARGV: token, milliseconds
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
redis.call('HSET', KEYS[1], 'progress', ARGV[2])
return 1
