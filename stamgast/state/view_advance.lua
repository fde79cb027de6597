-- Notes up to where a view has been read; never backwards, and never over a hole.
-- KEYS[1] the view's meta; ARGV triples of field, where the reader came from, next offset.
-- Returns the sum of all positions; -1 if Redis stands before where the reader came from: it lost what lay between.
for i = 1, #ARGV, 3 do
  if tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0') < tonumber(ARGV[i + 1]) then
    return -1
  end
end
local moved = 0
for i = 1, #ARGV, 3 do
  local known = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  local following = tonumber(ARGV[i + 2])
  if following > known then
    redis.call('HSET', KEYS[1], ARGV[i], following)
    moved = moved + following - known
  end
end
return redis.call('HINCRBY', KEYS[1], 'sum', moved)
