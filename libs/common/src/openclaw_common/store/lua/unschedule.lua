-- unschedule: takes an entry out of the schedule.
--
-- KEYS  1 queue
-- ARGV  6 entry · 7 the origin it must have
-- reply 'removed' | 'missing' | 'refused' for an entry of another origin
-- keeps its history stays until that is too old.

local entry = ARGV[6]
local state = cell .. 'scheduled:' .. entry
local origin = redis.call('HGET', state, 'origin')
if not origin then
  return 'missing'
end
if origin ~= ARGV[7] then
  return 'refused'
end
redis.call('DEL', state)
redis.call('ZREM', cell .. 'schedule', entry)
redis.call('ZREM', cell .. 'cron', entry)
return 'removed'
