-- Write one step: state, timers, outbox, read models and the watermark, all or nothing.
-- KEYS: meta, outbox, sending
-- ARGV: token, watermark expected, watermark to be,
--       n, then n words of meta (field, value)...
--       n, then n words to MSET (key, value)...
--       n, then n activations to cancel
--       then commands: how many words, the words
-- A cancellation takes only what waits (no entry in `sending`) or is claimed (C); what is being sent (S), in doubt (D),
-- withheld (W) or cancelled already (X) stays as it is. Returns the activations that were cancelled.
--
-- Redis takes nothing back. So whatever can fail is looked at first, and the first write is the mark `half`, which the
-- last one removes: if anything fails in between, the next taking finds it and fills the partition anew from Kafka.
-- A server that is cut off while it writes a step to its file may keep what it wrote and carry it out at its next
-- restart but one, before whatever was applied since, which removes `half`. So each step leaves a mark `begun:<step>`,
-- which the next one removes: a taking that finds one beside that of the step which `ended` last knows what happened.
local call = redis.call
local meta = call('HMGET', KEYS[1], 'token', 'wm', 'half', 'ended')
if meta[1] ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
if meta[3] then return redis.error_reply('HALF written: ' .. meta[3]) end
local wm = meta[2] or '-1'
if wm ~= ARGV[2] then return redis.error_reply('STALE ' .. wm) end

local KIND = {
  HSET = 'hash', HDEL = 'hash', ZADD = 'zset', ZREM = 'zset', RPUSH = 'list', LTRIM = 'list',
  SADD = 'set', SREM = 'set', XADD = 'stream', SET = '', DEL = '', EXPIRE = '',
}
local MOST = 4000 -- words of one call: Lua's stack holds 8000 values
local words = #ARGV

local function counted(i)  -- where a counted list ends that begins behind its count at i
  local n = tonumber(ARGV[i])
  if not n or n < 0 or i + n > words then return nil end
  return i + n
end

local seen = {}
local function is(key, kind)
  if kind == '' or seen[key] == kind then return true end
  local found = call('TYPE', key).ok
  seen[key] = kind
  return found == kind or found == 'none'
end

local function spoilt(key)
  call('HSET', KEYS[1], 'half', key .. ' holds something else')
  return redis.error_reply('HALF written: ' .. key .. ' holds something else')
end

local meta_end = counted(4)
local values_end = meta_end and counted(meta_end + 1)
local cancels_end = values_end and counted(values_end + 1)
if not cancels_end or (meta_end - 4) % 2 == 1 or (values_end - meta_end - 1) % 2 == 1 then
  return redis.error_reply('UNFIT lists of a step')
end
local i = cancels_end + 1
while i <= words do
  local n, command, key = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2]
  if not n or n < 2 or n > MOST or i + n > words then return redis.error_reply('UNFIT length of a command') end
  if not KIND[command] then return redis.error_reply('UNFIT command ' .. command) end
  if not is(key, KIND[command]) then return spoilt(key) end
  i = i + n + 1
end
if cancels_end > values_end + 1 then
  if not is(KEYS[2], 'hash') then return spoilt(KEYS[2]) end
  if not is(KEYS[3], 'hash') then return spoilt(KEYS[3]) end
end

local function in_fours(command, key, first, last)  -- pairs kept whole
  while first <= last do
    local j = first + MOST - 1
    if j > last then j = last end
    if key then call(command, key, unpack(ARGV, first, j)) else call(command, unpack(ARGV, first, j)) end
    first = j + 1
  end
end

local before, of_ours = meta[4], ARGV[1] .. ':'
local count = before and string.sub(before, 1, #of_ours) == of_ours and tonumber(string.sub(before, #of_ours + 1)) or 0
local step = of_ours .. count + 1
local mark, mark_before = 'begun:' .. step, 'begun:' .. (before or '')
call('HSET', KEYS[1], 'half', 'a step up to ' .. ARGV[3], mark, ARGV[3])
in_fours('HSET', KEYS[1], 5, meta_end)
in_fours('MSET', nil, meta_end + 2, values_end)
i = cancels_end + 1
while i <= words do
  local n = tonumber(ARGV[i])
  call(unpack(ARGV, i + 1, i + n))
  i = i + n + 1
end
local cancelled = {}
for c = values_end + 2, cancels_end do  -- after the commands: a step may cancel what it has just submitted
  local id = ARGV[c]
  if call('HEXISTS', KEYS[2], id) == 1 then
    local state = call('HGET', KEYS[3], id)
    if not state or string.sub(state, 1, 1) == 'C' then
      call('HSET', KEYS[3], id, 'X')  -- it leaves its lane's queue with its end, which is told next
      cancelled[#cancelled + 1] = id
    end
  end
end
call('HSET', KEYS[1], 'wm', ARGV[3], 'ended', step)
call('HDEL', KEYS[1], 'half', 'trial', mark_before)
return cancelled
