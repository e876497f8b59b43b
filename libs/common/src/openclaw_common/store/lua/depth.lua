-- depth: how full a queue is, for who watches the fleet.
--
-- KEYS  1 queue
-- ARGV  none of its own
-- reply {open, in the queue, of these due now, quarantined, dead letters, ms that the one that is due
--       for longest has been due, failed, cancelled, expired}
-- keeps nothing: reads only, each in logarithmic time, so that many may ask at once.

local now = now_ms()

local function members(name)
  return redis.call('ZCARD', base .. name)
end

local first = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')
local late_ms = first[2] and math.max(0, now - tonumber(first[2])) or 0
return {
  members('open'), redis.call('ZCARD', queue), redis.call('ZCOUNT', queue, '-inf', now),
  redis.call('ZCARD', quarantine), members('dead'), math.floor(late_ms),
  members('by:status:failed'), members('by:status:cancelled'), members('by:status:expired'),
}
