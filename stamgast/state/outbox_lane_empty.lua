-- Forget a lane in which nothing waits.
-- KEYS: meta, lanes, queue of the lane   ARGV: token, name of the lane
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('SREM', KEYS[2], ARGV[2]) end
return 1
