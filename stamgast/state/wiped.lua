-- Everything else of a partition is forgotten: let nothing have been applied. The last step of filling it anew.
-- KEYS: meta   ARGV: token, then fields that stay (field, value)...
-- Its fields go by their names. What Redis had lost of a step before this may come back at a restart after it: then its
-- mark `begun:…` is in meta again, for nobody has named it here, and the next taking finds it.
local call = redis.call
if call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED by another owner') end
local names = call('HKEYS', KEYS[1])
for first = 1, #names, 4000 do
  local last = first + 3999
  if last > #names then last = #names end
  call('HDEL', KEYS[1], unpack(names, first, last))
end
call('HSET', KEYS[1], 'token', unpack(ARGV))
return 1
