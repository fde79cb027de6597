-- Note that a worker is there, by Redis's own clock; forget those that have long said nothing.
-- KEYS[1] the hash of workers; ARGV: the worker's id, what it says of itself (empty: it leaves), ms to remember others for
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local words = call('HGETALL', KEYS[1])
for i = 1, #words, 2 do
  local at = tonumber(string.match(words[i + 1], '^(%d+)|')) or 0
  if now - at > tonumber(ARGV[3]) then call('HDEL', KEYS[1], words[i]) end
end
if ARGV[2] == '' then return call('HDEL', KEYS[1], ARGV[1]) end
return call('HSET', KEYS[1], ARGV[1], string.format('%.0f|%s', now, ARGV[2]))
