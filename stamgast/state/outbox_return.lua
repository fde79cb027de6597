-- Let an entry wait again, at its old place, whose attempt was certainly not submitted (or which nobody was told of,
-- although it was withheld). A cancelled one stays cancelled.
-- KEYS: meta, outbox, sending, queue of the lane, lanes, what is begun for this customer
-- ARGV: token, activation, attempt (empty for what was withheld), name of the lane
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local state = call('HGET', KEYS[3], id)
if not state then return 1 end
local letter, attempt, rest = string.match(state, '^(%a)|?([^|]*)|?(.*)$')
if attempt ~= ARGV[3] or not (letter == 'C' or letter == 'S' or letter == 'W') then return 0 end
local place = string.match(rest, letter == 'C' and '^[^|]*|[^|]*|([^|]+)$' or '^[^|]+')
if call('HEXISTS', KEYS[2], id) == 1 then
  call('ZADD', KEYS[4], place or '0', id)
  call('SADD', KEYS[5], ARGV[4])
end
call('SREM', KEYS[6], id)
call('HDEL', KEYS[3], id)
return 1
