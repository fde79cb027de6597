-- Claim an entry that waits; it leaves its lane's queue, and remembers its place there.
-- KEYS: meta, outbox, sending, attempts, queue of the lane   ARGV: token, activation, value to write
-- Returns ok, gone, open|<attempt> (the log shows an attempt already), or the state it is in.
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
if call('HEXISTS', KEYS[2], id) == 0 then return 'gone' end
local state = call('HGET', KEYS[3], id)
if state then return state end
local open = call('HGET', KEYS[4], id)
if open then return 'open|' .. open end
local place = call('ZSCORE', KEYS[5], id) or '0'
call('HSET', KEYS[3], id, ARGV[3] .. '|' .. place)
call('ZREM', KEYS[5], id)
return 'ok'
