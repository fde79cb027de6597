-- Everything else of a partition is forgotten: let nothing have been applied. The last step of filling it anew.
-- KEYS: meta   ARGV: token, then fields that stay (field, value)...
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
call('DEL', KEYS[1])
call('HSET', KEYS[1], 'token', unpack(ARGV))
return 1
