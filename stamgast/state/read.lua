-- Read what a step needs, only for the owner and only at the watermark it expects.
-- KEYS: meta
-- ARGV: token, watermark, how many keys, the keys, then commands: how many words, the words
-- Returns the keys' values and then each command's answer.
local call = redis.call
local meta = call('HMGET', KEYS[1], 'token', 'wm')
if meta[1] ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local wm = meta[2] or '-1'
if wm ~= ARGV[2] then return redis.error_reply('STALE ' .. wm) end
local out, n = {}, 0
local i, last = 4, 3 + tonumber(ARGV[3])
while i <= last do  -- Lua's stack holds 8000 values: 4000 a call
  local j = i + 3999
  if j > last then j = last end
  local values = call('MGET', unpack(ARGV, i, j))
  for k = 1, #values do n = n + 1; out[n] = values[k] end
  i = j + 1
end
while i <= #ARGV do
  local words = tonumber(ARGV[i])
  n = n + 1
  out[n] = call(unpack(ARGV, i + 1, i + words))
  i = i + words + 1
end
return out
