-- Sets one entry of a view, unless a later record of the same key was applied already.
-- KEYS[1] the entry; ARGV[1] the record's offset, ARGV[2] its value (empty: a tombstone).
-- A tombstone stays for a day, so that a slow writer cannot bring back what was erased.
local found = redis.call('GET', KEYS[1])
if found then
  local offset = tonumber(string.match(found, '^(%d+) '))
  if offset and offset > tonumber(ARGV[1]) then
    return 0
  end
end
if ARGV[2] == '' then
  redis.call('SET', KEYS[1], ARGV[1] .. ' ', 'EX', 86400)
else
  redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
end
return 1
