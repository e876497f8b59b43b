-- replay: puts a delivery that failed back into its lane, with its history.
--
-- KEYS  1 queue
-- ARGV  6 record id · 7 arq job (msgpack) · 8 a mark of this replay alone
-- reply 'replayed' | 'missing' | 'not_replayable'
-- keeps a delivery is in its lane or a dead letter, never both and never twice: sent again with its
--       mark it answers 'replayed' and does nothing. The next attempt's number is higher than any
--       before, and what was sent is known from the events.

local REPLAYABLE = { failed = true, dead = true, unknown = true }
local id, mark = ARGV[6], ARGV[8]
local key = base .. id
local state = redis.call('HMGET', key, 'status', 'lane', 'attempt', 'run_id', 'created_ms', 'replay')
if not state[1] or redis.call('EXISTS', key .. ':events') == 0 then
  return 'missing'
end
if state[6] == mark then
  return 'replayed'
end
if not REPLAYABLE[state[1]] then
  return 'not_replayable'
end
local now = now_ms()
redis.call('PERSIST', key)
redis.call('PERSIST', key .. ':events')
redis.call('HSET', key, 'status', 'queued', 'crashes', 0, 'tries', 0, 'ended_ms', 0, 'not_before_ms', 0,
  'owner', '', 'replay', mark)
redis.call('HDEL', key, 'error', 'cancel', 'quarantined', 'incompatible')
append_event(id, tonumber(state[3]) + 1, last_sequence(id) + 1, kind .. '.pending',
  '{"replayed_at_ms":' .. string.format('%.0f', now) .. '}')
redis.call('ZREM', base .. 'dead', id)
redis.call('ZREM', base .. 'aging', id)
redis.call('ZADD', base .. 'index', state[5], id)
redis.call('ZADD', base .. 'open', NEVER, id)
if state[4] and state[4] ~= '' then
  belongs_to(state[4], id, state[5])
end
redis.call('SET', 'arq:job:' .. tag .. id, ARGV[7])
if redis.call('RPUSH', base .. 'lane:' .. state[2], id) == 1 then
  redis.call('ZADD', queue, now, tag .. id)
  wake_one()
end
return 'replayed'
