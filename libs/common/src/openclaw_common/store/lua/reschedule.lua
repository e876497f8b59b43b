-- reschedule: pauses an entry of the schedule, or lets it go on.
--
-- KEYS  1 queue
-- ARGV  6 entry · 7 '1' to go on · 8 the next tick or ''
-- reply 1 | 0 for an entry that is not there
-- keeps a paused entry is not due; pausing it again changes nothing.

local entry = ARGV[6]
local state = cell .. 'scheduled:' .. entry
if redis.call('EXISTS', state) == 0 then
  return 0
end
if redis.call('HGET', state, 'enabled') == ARGV[7] then
  return 1
end
redis.call('HSET', state, 'enabled', ARGV[7], 'updated_ms', now_ms())
if ARGV[7] == '1' and ARGV[8] ~= '' then
  redis.call('ZADD', cell .. 'schedule', ARGV[8], entry)
  wake_one(cell .. 'schedule:')
else
  redis.call('ZREM', cell .. 'schedule', entry)
end
return 1
