-- account_rest: leaves an account alone for a while.
--
-- KEYS  1 rest of the account
-- ARGV  1 ms of rest · 2 error as JSON · 3 ms for which the rest is remembered after its end
-- reply 1
-- keeps a new rest takes the try of the account away from whoever had it.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'until_ms', now + tonumber(ARGV[1]), 'error', ARGV[2])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[1]) + tonumber(ARGV[3]))
return 1
