-- Nobody knows whether it was accepted: never try it again, look it up.
-- KEYS: meta, sending, doubt   ARGV: token, activation, attempt, what to look up
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
call('HSET', KEYS[2], id, 'D|' .. ARGV[3])
call('HSET', KEYS[3], id, ARGV[4])
return 1
