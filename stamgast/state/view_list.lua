-- Lets an entry enter a list of a view or leave it, unless a later record did something to it there already.
-- KEYS[1] the list; ARGV[1] the entry, ARGV[2] the record's offset, ARGV[3] 1 to enter and 0 to leave.
local known = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1')
if known > tonumber(ARGV[2]) then
  return 0
end
if ARGV[3] == '1' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1
