-- Nobody knows whether it was accepted: never try it again, look it up by and by.
-- KEYS: meta, outbox, sending, queue of the lane, doubt, looks, what is in doubt for this customer
-- ARGV: token, activation, attempt, what to look up, milliseconds until the first look
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
if call('HEXISTS', KEYS[2], id) == 1 then call('HSET', KEYS[3], id, 'D|' .. ARGV[3]) end
call('ZREM', KEYS[4], id)
call('HSET', KEYS[5], id, ARGV[4])
call('SADD', KEYS[7], id)
local now = call('TIME')
call('ZADD', KEYS[6], now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[5], id)
return 1
