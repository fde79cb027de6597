-- Say when a doubt is looked up next. Without a value: only if nobody said so yet.
-- KEYS: meta, doubt, looks, what is in doubt for this customer
-- ARGV: token, activation, milliseconds from now, value of the doubt or nothing
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
if call('HEXISTS', KEYS[2], id) == 0 then return 0 end
local now = call('TIME')
local due = now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[3]
if ARGV[4] == '' then
  call('ZADD', KEYS[3], 'NX', due, id)
else
  call('HSET', KEYS[2], id, ARGV[4])
  call('ZADD', KEYS[3], due, id)
end
call('SADD', KEYS[4], id)
return 1
