-- Read the head of a lane's queue. What does not wait any more (finished, cancelled) leaves the queue here.
-- KEYS: meta, queue of the lane, outbox, sending   ARGV: token, how many at most
-- Returns how many stood at the head, and then the submissions of those that wait.
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local kind = call('TYPE', KEYS[2]).ok
if kind ~= 'zset' and kind ~= 'none' then  -- the next taking fills the partition anew
  call('HSET', KEYS[1], 'half', KEYS[2] .. ' holds something else')
  return redis.error_reply('HALF written: ' .. KEYS[2] .. ' holds something else')
end
local ids = call('ZRANGE', KEYS[2], 0, tonumber(ARGV[2]) - 1)
local out = {#ids}
for _, id in ipairs(ids) do
  local value = call('HGET', KEYS[3], id)
  if value and call('HEXISTS', KEYS[4], id) == 0 then
    out[#out + 1] = value
  else
    call('ZREM', KEYS[2], id)
  end
end
return out
