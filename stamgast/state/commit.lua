-- Write one step: state, timers, outbox, read models and the watermark, all or nothing.
-- KEYS: meta, outbox, queue, sending
-- ARGV: token, watermark expected, watermark to be,
--       n, then n words of meta (field, value)...
--       n, then n words to MSET (key, value)...
--       n, then n activations to cancel
--       then commands: how many words, the words
-- A cancellation takes only what waits (no entry in `sending`) or is claimed (C); what is being sent (S), in doubt (D)
-- or cancelled already (X) stays as it is. Returns the activations that were cancelled.
local call = redis.call
local meta = call('HMGET', KEYS[1], 'token', 'wm')
if meta[1] ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local wm = meta[2] or '-1'
if wm ~= ARGV[2] then return redis.error_reply('STALE ' .. wm) end

local function in_fours(command, key, i, last)  -- Lua's stack holds 8000 values: 4000 a call, pairs kept whole
  while i <= last do
    local j = i + 3999
    if j > last then j = last end
    if key then call(command, key, unpack(ARGV, i, j)) else call(command, unpack(ARGV, i, j)) end
    i = j + 1
  end
end

local i = 5
local last = i + tonumber(ARGV[4]) - 1
in_fours('HSET', KEYS[1], i, last)
i = last + 2
last = i + tonumber(ARGV[last + 1]) - 1
in_fours('MSET', nil, i, last)
local first_cancel = last + 2
local last_cancel = first_cancel + tonumber(ARGV[last + 1]) - 1
i = last_cancel + 1
while i <= #ARGV do
  local words = tonumber(ARGV[i])
  call(unpack(ARGV, i + 1, i + words))
  i = i + words + 1
end
local cancelled = {}
for c = first_cancel, last_cancel do  -- after the commands: a step may cancel what it has just submitted
  local id = ARGV[c]
  if call('HEXISTS', KEYS[2], id) == 1 then
    local state = call('HGET', KEYS[4], id)
    if not state or string.sub(state, 1, 1) == 'C' then
      call('ZREM', KEYS[3], id)
      call('HSET', KEYS[4], id, 'X')
      cancelled[#cancelled + 1] = id
    end
  end
end
call('HSET', KEYS[1], 'wm', ARGV[3])
return cancelled
