-- Declares a view whole, if it still stands where its reader brought it.
-- KEYS[1] the view's meta; ARGV[1] a token for it, ARGV[2] the sum of positions that the reader knows.
-- Returns the token of the view and the sum; nothing if Redis lost a part of it.
local sum = redis.call('HGET', KEYS[1], 'sum') or '0'
if tonumber(sum) < tonumber(ARGV[2]) then
  return false
end
redis.call('HSETNX', KEYS[1], 'view', ARGV[1])
return { redis.call('HGET', KEYS[1], 'view'), sum }
