-- Notes up to where a view has been read; never backwards.
-- KEYS[1] the view's meta; ARGV pairs of field and next offset. Returns the sum of all positions.
local moved = 0
for i = 1, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  local following = tonumber(ARGV[i + 1])
  if following > known then
    redis.call('HSET', KEYS[1], ARGV[i], following)
    moved = moved + following - known
  end
end
return redis.call('HINCRBY', KEYS[1], 'sum', moved)
