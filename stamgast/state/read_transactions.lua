-- Read transactions for a step as read.lua reads values, those in boxes as well (behind boxes.lua).
-- KEYS: meta
-- ARGV: token, watermark, how many transactions, their keys, their digests, then other keys
-- Returns the values, of a transaction in a box that box as a list of one, and then the other keys' values.
local call = redis.call
local meta = call('HMGET', KEYS[1], 'token', 'wm')
if meta[1] ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local wm = meta[2] or '-1'
if wm ~= ARGV[2] then return redis.error_reply('STALE ' .. wm) end
local count, out = tonumber(ARGV[3]), {}

local function values_of(first, last)
  while first <= last do  -- Lua's stack holds 8000 values: 4000 a call
    local j = first + 3999
    if j > last then j = last end
    local values = call('MGET', unpack(ARGV, first, j))
    for k = 1, #values do out[#out + 1] = values[k] end
    first = j + 1
  end
end

values_of(4, 3 + count)
for k = 1, count do
  if not out[k] then out[k] = boxed(ARGV[3 + k], ARGV[3 + count + k]) end
end
values_of(4 + 2 * count, #ARGV)
return out
