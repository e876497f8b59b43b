-- live_adopt: gives the preview of a run to the delivery of its result.
--
-- KEYS  1 live runs · 2 live record
-- ARGV  1 member · 2 delivery id · 3 destination as JSON
-- reply {'none'} | {'busy', ms left} | {'sending', ms since it was asked for} when it may
--       have been sent | {'shown', message id}
-- keeps from here on nobody else asks the platform for this preview; a request under way has its time.

local state = redis.call('HMGET', KEYS[2], 'preview', 'adopted', 'destination', 'busy_until_ms',
  'message_id', 'asked_ms')
if state[3] ~= ARGV[3] or (state[2] and state[2] ~= ARGV[2]) then
  return { 'none' }
end
redis.call('HSET', KEYS[2], 'adopted', ARGV[2])
redis.call('ZREM', KEYS[1], ARGV[1])
if not state[1] or state[1] == 'none' then
  return { 'none' }
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local busy = tonumber(state[4] or '0')
if busy > now then
  return { 'busy', busy - now }
end
if state[5] then
  return { 'shown', state[5] }
end
return { 'sending', now - tonumber(state[6] or now) }
