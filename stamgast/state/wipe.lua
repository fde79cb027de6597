-- Forget keys of a partition that is to be filled anew; only its owner may.
-- KEYS: meta   ARGV: token, keys...
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
redis.call('UNLINK', unpack(ARGV, 2))
return 1
