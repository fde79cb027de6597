-- From claimed to being sent, unless it was cancelled meanwhile or its phone said STOP.
-- KEYS: meta, outbox, sending, stop mark, what is begun for this customer   ARGV: token, activation, attempt
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local state = call('HGET', KEYS[3], id)
local mine = 'C|' .. ARGV[3] .. '|'
if not state or string.sub(state, 1, #mine) ~= mine or call('HEXISTS', KEYS[2], id) == 0 then return 'gone' end
if call('EXISTS', KEYS[4]) == 1 then return 'stopped' end
call('SADD', KEYS[5], id)
call('HSET', KEYS[3], id, 'S|' .. ARGV[3] .. '|' .. string.match(state, '|([^|]*)$') .. '|' .. ARGV[1])
return 'ok'
