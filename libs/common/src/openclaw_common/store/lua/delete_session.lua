-- delete_session: takes away what a session is: record, transcript, system events, what a group said, wakes.
--
-- KEYS  1 queue · 2 session record · 3 transcript
-- ARGV  6 session key · 7 agent id
-- reply {'deleted', ms now} | {'missing'} | {'busy', id of the active run}
-- keeps no run of the session waits or runs. Those that ended are taken away by purge_runs.

local session_key = ARGV[6]
local active = redis.call('LINDEX', base .. 'lane:' .. session_key, 0)
if active then
  return { 'busy', active }
end
local events = cell .. 'system-events:' .. session_key
local history = cell .. 'inbound-history:' .. session_key
if redis.call('EXISTS', KEYS[2], KEYS[3], events, history, base .. 'by:session:' .. session_key) == 0 then
  return { 'missing' }
end
tell_session(session_key, 'session.deleted', '{}')
redis.call('PEXPIRE', base .. 'session.' .. session_key .. ':events', 5000)
redis.call('DEL', KEYS[2], KEYS[3], events, history, cell .. 'event-turn:' .. session_key)
redis.call('ZREM', cell .. 'sessions', session_key)
redis.call('ZREM', cell .. 'schedule', 'wake:' .. ARGV[7] .. ':' .. session_key)
return { 'deleted', now_ms() }
