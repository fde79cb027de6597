-- Let an entry wait again whose attempt was certainly not submitted. A cancelled one stays cancelled.
-- KEYS: meta, sending   ARGV: token, activation, attempt
local call, id = redis.call, ARGV[2]
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local state = call('HGET', KEYS[2], id)
if not state then return 1 end
local same = string.sub(state, 3, 2 + #ARGV[3]) == ARGV[3]
if same and (string.sub(state, 1, 1) == 'C' or string.sub(state, 1, 1) == 'S') then
  call('HDEL', KEYS[2], id)
  return 1
end
return 0
