-- Take an entry that waits out of its lane: its end is about to be told, without a submission.
-- KEYS: meta, outbox, sending, queue of the lane   ARGV: token, activation
-- Returns 1, or 0 if it waits no longer.
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
if call('HEXISTS', KEYS[2], id) == 0 or call('HEXISTS', KEYS[3], id) == 1 then return 0 end
local place = call('ZSCORE', KEYS[4], id) or '0'
call('HSET', KEYS[3], id, 'W||' .. place .. '|' .. ARGV[1])
call('ZREM', KEYS[4], id)
return 1
