-- schedule: puts an entry into the schedule, or brings the one that is there up to date.
--
-- KEYS  1 queue
-- ARGV  6 JSON: entry · settings: digest of the definition · definition · origin · enabled
--       due: the next tick, none when there is none · cron: a cron job, with most: how many there may
--       be · new: an entry that is there is left alone
-- reply 'created' | 'changed' | 'unchanged' | 'exists' | 'full'
-- keeps an entry with equal settings keeps its due time and whether it is enabled, however often it is
--       put.

local given = cjson.decode(ARGV[6])
local entry = given.entry
local state = cell .. 'scheduled:' .. entry
local known = redis.call('HMGET', state, 'settings', 'origin')
if known[1] and given.new then
  return known[1] == given.settings and 'unchanged' or 'exists'
end
if known[1] == given.settings and known[2] == given.origin then
  return 'unchanged'
end
if given.cron and not known[1] and redis.call('ZCARD', cell .. 'cron') >= given.most then
  return 'full'
end
local now = now_ms()
redis.call('HSETNX', state, 'created_ms', now)
redis.call('HSET', state, 'settings', given.settings, 'definition', given.definition, 'origin',
  given.origin, 'enabled', given.enabled and 1 or 0, 'updated_ms', now)
if given.cron then
  redis.call('ZADD', cell .. 'cron', 'NX', now, entry)
end
if given.due then
  redis.call('ZADD', cell .. 'schedule', given.due, entry)
  wake_one(cell .. 'schedule:')
else
  redis.call('ZREM', cell .. 'schedule', entry)
end
return known[1] and 'changed' or 'created'
