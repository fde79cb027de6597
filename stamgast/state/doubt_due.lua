-- Read the doubts whose look-ups are due, the earliest first.
-- KEYS: meta, doubt, looks   ARGV: token, how many at most
-- Returns the milliseconds until the next one that is not due yet (-1: there is none), and then the doubts.
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local later = call('ZRANGEBYSCORE', KEYS[3], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local out = {later[2] and math.ceil(later[2] - now) or -1}
for _, id in ipairs(call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local value = call('HGET', KEYS[2], id)
  if value then out[#out + 1] = value else call('ZREM', KEYS[3], id) end
end
return out
