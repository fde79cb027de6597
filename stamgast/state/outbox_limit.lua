-- Count an activation against a rule's limit a day. The same one counts once.
-- KEYS: members of that rule and day, partitions that have told what they sent
-- ARGV: activation, limit, seconds to keep, how many partitions there are
-- Returns 1: counted; 0: the limit is reached; -1: not every partition has told, so nobody knows.
local call = redis.call
if call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 1 end
if call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
if call('SCARD', KEYS[2]) < tonumber(ARGV[4]) then return -1 end
call('SADD', KEYS[1], ARGV[1])
call('EXPIRE', KEYS[1], ARGV[3])
return 1
