-- live_begin: notes where a run that is executed is to be seen working.
--
-- KEYS  1 live runs · 2 wake tokens · 3 live record · 4 run record
-- ARGV  1 run id · 2 attempt · 3 ms for which it is shown · 4 destination as JSON · 5 message that is
--       answered or '' · 6.. what is shown: 'typing', 'preview'
-- reply 1 | 0 for an attempt that is not the current one
-- keeps a further attempt takes nothing away from the process that shows the run; entries that nobody
--       took in all their time are dropped.

local state = redis.call('HMGET', KEYS[4], 'status', 'attempt')
if state[1] ~= 'in_progress' or state[2] ~= ARGV[2] then
  return 0
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local life = tonumber(ARGV[3])
redis.call('HSET', KEYS[3], 'destination', ARGV[4], 'reply_to', ARGV[5], 'until_ms', now + life)
if redis.call('PTTL', KEYS[3]) < life then
  redis.call('PEXPIRE', KEYS[3], life)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - life)
for i = 6, #ARGV do
  redis.call('ZADD', KEYS[1], 'NX', now, ARGV[i] .. ':' .. ARGV[1])
end
redis.call('LPUSH', KEYS[2], '1')
redis.call('LTRIM', KEYS[2], 0, 255)
return 1
