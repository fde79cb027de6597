-- Read the head of a list: at most so many elements and, beyond the first, no more than so many bytes together.
-- KEYS: meta, list   ARGV: token, elements, bytes
-- Returns how long the list is, then the elements.
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local most, room = tonumber(ARGV[2]), tonumber(ARGV[3])
local out = {call('LLEN', KEYS[2])}
for n = 0, most - 1 do
  local element = call('LINDEX', KEYS[2], n)
  if not element then break end
  room = room - #element
  if n > 0 and room < 0 then break end
  out[n + 2] = element
end
return out
