-- Take a partition: from now on every script without this token is refused.
-- KEYS: meta   ARGV: token, then what to remember of where it belongs (field, value)...
-- A partition of which nothing has been applied takes on the given place; any other keeps the one it knows.
-- One of whose keys somebody else has written, or whose meta alone is gone, is marked `half`: it is to be filled anew.
-- So is one in which a part of a step came back that nobody knew of (see commit.lua).
-- Returns meta as it stands now, flat.
local KIND = {
  outbox = 'hash', queue = 'zset', lanes = 'set', sending = 'hash', attempts = 'hash', doubt = 'hash', looks = 'zset',
  timers = 'zset', notes = 'stream', stats = 'hash', limits = 'set', review = 'hash', walks = 'hash',
  asks = 'hash', recent = 'list',
}
local function is(key, kind)
  local found = redis.call('TYPE', key).ok
  return found == kind or found == 'none'
end
if not is(KEYS[1], 'hash') then  -- what is known of the partition is lost with it
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'half', 'its meta held something else')
end
local tag = string.sub(KEYS[1], 1, -5)
for name, kind in pairs(KIND) do
  if not is(tag .. name, kind) then redis.call('HSET', KEYS[1], 'half', name .. ' holds something else') end
end
local fresh = not redis.call('HGET', KEYS[1], 'wm')
if fresh and redis.call('EXISTS', tag .. 'timers', tag .. 'stats') > 0 then  -- there are customers: they would be made twice
  redis.call('HSET', KEYS[1], 'half', 'its meta was lost, and customers were not')
end
local known = 'begun:' .. (redis.call('HGET', KEYS[1], 'ended') or '')
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(name, 1, 6) == 'begun:' and name ~= known then
    redis.call('HSETNX', KEYS[1], 'half', 'what Redis had lost of a step came back at a restart')
  end
end
for i = 2, #ARGV, 2 do
  redis.call(fresh and 'HSET' or 'HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return redis.call('HGETALL', KEYS[1])
