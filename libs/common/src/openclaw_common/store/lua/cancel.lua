-- cancel: ends a queued job at once, or flags one in progress and tells its worker.
--
-- KEYS  1 queue
-- ARGV  6 record id · 7 reason
-- reply 'missing' | 'terminal' | 'cancelled' | 'cancelling'
-- keeps one terminal event: a job in progress is ended by its worker, or, when its lease ran out, by
--       the next claim.

local id, reason = ARGV[6], ARGV[7]
local key = base .. id
local state = redis.call('HMGET', key, 'status', 'attempt', 'owner')
if not state[1] then
  return 'missing'
end
if TERMINAL[state[1]] then
  return 'terminal'
end
if state[1] == 'in_progress' then
  redis.call('HSETNX', key, 'cancel', reason)
  local control = base .. 'control:' .. state[3]
  redis.call('LPUSH', control, id)
  redis.call('PEXPIRE', control, 3600000)
  return 'cancelling'
end
end_cancelled(id, tonumber(state[2]), reason, now_ms(), {})
return 'cancelled'
