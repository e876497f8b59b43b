-- readers: counts the chat-completions readers of a run; the last one leaving starts the grace.
--
-- KEYS  1 queue
-- ARGV  6 record id · 7 '1' or '-1' · 8 grace in ms
-- reply number of readers, or -1 when there is nothing to do (ended, unknown)
-- keeps the grace's end stands in the record (`abandon_ms`), so that it needs no process to stay
--       alive: renew, claim and expire act on it.

local key = base .. ARGV[6]
local state = redis.call('HMGET', key, 'status', 'on_disconnect')
if not state[1] or TERMINAL[state[1]] then
  return -1
end
local readers = redis.call('HINCRBY', key, 'readers', ARGV[7])
if readers < 0 then
  -- Counted out twice, after an unclear failure.
  readers = 0
  redis.call('HSET', key, 'readers', 0)
end
if readers > 0 or state[2] ~= 'cancel' then
  redis.call('HSET', key, 'abandon_ms', 0)
else
  redis.call('HSET', key, 'abandon_ms', now_ms() + tonumber(ARGV[8]))
end
if state[1] == 'queued' then
  watch_deadline(ARGV[6])
end
return readers
