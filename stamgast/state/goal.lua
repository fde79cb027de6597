-- Note up to where a partition's log has to be applied before its state is shown to anybody.
-- KEYS: meta   ARGV: token, `<end>:<run of Redis>`
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
redis.call('HSET', KEYS[1], 'goal', ARGV[2])
return 1
