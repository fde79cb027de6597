-- Where a transaction stands that has no key of its own: for scripts that come behind this (`stamgast.state.boxes`).
local FRONT, DIGEST, HEAD_ENDS = 2, 8, 385
local boxes_of = {}

local function box_of(tag, digest)  -- as `number_of` in boxes.py
  local boxes = boxes_of[tag]
  if not boxes then
    boxes = tonumber(redis.call('HGET', tag .. 'meta', 'boxes') or '0')
    boxes_of[tag] = boxes
  end
  if boxes < 1 then return nil end
  local level = 1
  while level * 2 <= boxes do level = level * 2 end
  local a, b, c, d = string.byte(digest, 1, 4)
  local at = ((a * 256 + b) * 256 + c) * 256 + d
  local number = at % (2 * level)
  if number >= boxes then number = at % level end
  return tag .. 'box:' .. string.format('%d', number)
end

local function stands_in(head, digest)
  local ends, at = FRONT + DIGEST * (string.byte(head, 2) or 0), 0
  while true do
    at = string.find(head, digest, at + 1, true)
    if not at or at + DIGEST - 1 > ends then return false end
    if at > FRONT and (at - 1 - FRONT) % DIGEST == 0 then return true end
  end
end

local function boxed(key, digest)  -- the whole box, as a list of one, in which a transaction with this key stands
  local box = box_of(string.sub(key, 1, string.find(key, '}:', 1, true) + 1), digest)
  if box and stands_in(redis.call('GETRANGE', box, 0, HEAD_ENDS), digest) then return {redis.call('GET', box)} end
  return false
end

