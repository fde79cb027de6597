-- Take in lines of the log of activations, in its order.
-- KEYS: meta, attempts
-- ARGV: token, position read up to (or nothing: more of the same is to come), then (kind, activation, attempt)...
-- Returns, for each claimed line, the attempt that stands open for its activation.
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local out = {}
for i = 3, #ARGV, 3 do
  local kind, id, attempt = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if kind == 'claimed' then
    call('HSETNX', KEYS[2], id, attempt)
    out[#out + 1] = call('HGET', KEYS[2], id)
  elseif kind == 'ended' or call('HGET', KEYS[2], id) == attempt then
    call('HDEL', KEYS[2], id)
  end
end
if ARGV[2] ~= '' then call('HSET', KEYS[1], 'log', ARGV[2]) end
return out
