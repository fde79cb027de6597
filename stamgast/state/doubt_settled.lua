-- Stop looking an activation up.
-- KEYS: meta, doubt, looks, what is in doubt for this customer   ARGV: token, activation
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
call('ZREM', KEYS[3], id)
call('SREM', KEYS[4], id)
call('HDEL', KEYS[2], id)
return 1
