-- auth_failure: records a wrong credential and locks the client out when there are too many.
--
-- KEYS  1 failures of the client · 2 locks of the cell
-- ARGV  1 member of the lock set · 2 max failures · 3 window in ms · 4 lockout in ms
-- reply ms that the client is locked from now, 0 while it is not
-- keeps one sliding window for all replicas, by Redis' clock.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))
local member = time[1] .. '.' .. time[2] .. ':' .. redis.call('ZCARD', KEYS[1])
redis.call('ZADD', KEYS[1], now, member)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2]) then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[4]), ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[4], 'GT')
redis.call('PEXPIRE', KEYS[2], ARGV[4], 'NX')
return tonumber(ARGV[4])
