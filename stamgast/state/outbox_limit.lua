-- Count an activation against a rule's limit a day. The same one counts once.
-- KEYS: members of that rule and day   ARGV: activation, limit, seconds to keep
local call = redis.call
if call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 1 end
if call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
call('SADD', KEYS[1], ARGV[1])
call('EXPIRE', KEYS[1], ARGV[3])
return 1
