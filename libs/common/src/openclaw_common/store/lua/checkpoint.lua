-- checkpoint: records a finished step, so that a later attempt does not repeat it.
--
-- KEYS  1 queue
-- ARGV  6 record id · 7 attempt · 8 name of the step · 9 value
-- reply 1 | 0 when the attempt is stale
-- keeps no write of an attempt that another one has followed.

local key = base .. ARGV[6]
local state = redis.call('HMGET', key, 'status', 'attempt')
if state[1] ~= 'in_progress' or state[2] ~= ARGV[7] then
  return 0
end
redis.call('HSET', key .. ':checkpoints', ARGV[8], ARGV[9])
return 1
