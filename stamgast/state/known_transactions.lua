-- Look transactions up that are held by others: each under its own key, else in its box (behind boxes.lua).
-- KEYS: one of the keys, which says where to ask
-- ARGV: then pairs: the key, the digest
-- Returns for each its value; the whole box, as a list of one, where it stands in that; false where it is not known.
local out = {}
for i = 1, #ARGV, 2 do
  out[#out + 1] = redis.call('GET', ARGV[i]) or boxed(ARGV[i], ARGV[i + 1])
end
return out
