-- Count something that one of the staff is told in an hour. Asked again for the same one, the answer is the same.
-- KEYS: those told in that hour, those that wait, those that another one has told of, how many others each tells of
-- ARGV: activation, how many an hour, seconds to keep
-- Returns {1, others}: it goes, and tells of so many others; {0, 0}: it waits; {2, 0}: another one has told of it.
local call = redis.call
if call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then
  return {1, tonumber(call('HGET', KEYS[4], ARGV[1]) or '0')}
end
if call('SISMEMBER', KEYS[3], ARGV[1]) == 1 then return {2, 0} end
if call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  call('SADD', KEYS[2], ARGV[1])
  call('EXPIRE', KEYS[2], ARGV[3])
  return {0, 0}
end
call('SADD', KEYS[1], ARGV[1])
call('EXPIRE', KEYS[1], ARGV[3])
call('SREM', KEYS[2], ARGV[1])
local others = call('SCARD', KEYS[2])
if others > 0 then
  call('SUNIONSTORE', KEYS[3], KEYS[3], KEYS[2])
  call('DEL', KEYS[2])
  call('EXPIRE', KEYS[3], ARGV[3])
  call('HSET', KEYS[4], ARGV[1], others)
  call('EXPIRE', KEYS[4], ARGV[3])
end
return {1, others}
