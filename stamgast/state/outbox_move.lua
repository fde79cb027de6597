-- Move entries from the one queue that a partition had once into the queues of their lanes.
-- KEYS: meta, queue, lanes, outbox, sending, none   ARGV: token, then (activation, place, name of the lane)...
-- What is being sent already, or has ended, waits nowhere.
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
for i = 2, #ARGV, 3 do
  local id, lane = ARGV[i], ARGV[i + 2]
  if lane ~= '' and call('HEXISTS', KEYS[4], id) == 1 and call('HEXISTS', KEYS[5], id) == 0 then
    call('ZADD', KEYS[2] .. ':' .. lane, ARGV[i + 1], id)
    call('SADD', KEYS[3], lane)
  end
  call('ZREM', KEYS[2], id)
end
return 1
