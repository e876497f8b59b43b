-- freeze: nothing is sent to a destination, or by an account, for as long as the platform asked.
--
-- KEYS  1 freeze
-- ARGV  1 ms
-- reply 1 | 0 when it is frozen for longer already
-- keeps the key outlives the freeze, because turns that were kept in it are void.

local time = redis.call('TIME')
local ends = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000 + tonumber(ARGV[1])
if tonumber(redis.call('GET', KEYS[1]) or '0') >= ends then
  return 0
end
redis.call('SET', KEYS[1], string.format('%.3f', ends), 'PX', math.ceil(tonumber(ARGV[1])) + 60000)
return 1
