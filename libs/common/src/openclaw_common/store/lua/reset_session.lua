-- reset_session: begins a new epoch of a session, with an empty transcript.
--
-- KEYS  1 queue · 2 session record · 3 transcript
-- ARGV  6 session key · 7 '1' to cancel its runs · 8 retention of sessions in ms
-- reply {'reset', epoch} | {'missing'} | {'busy', id of the active run}
-- keeps a run that goes on can write nothing into the new epoch: the revision that it read is an old
--       one. System events that waited belong to the old epoch.

local session_key = ARGV[6]
local active = redis.call('LINDEX', base .. 'lane:' .. session_key, 0)
local exists = redis.call('EXISTS', KEYS[2]) == 1
if active and ARGV[7] ~= '1' then
  return { 'busy', active }
end
if not active and not exists then
  return { 'missing' }
end
local now = now_ms()
cancel_lane(session_key, 'reset', now)
redis.call('DEL', cell .. 'system-events:' .. session_key)
if not exists then
  return { 'reset', 1 }
end
redis.call('DEL', KEYS[3])
redis.call('HSETNX', KEYS[2], 'epoch', 1)
local epoch = redis.call('HINCRBY', KEYS[2], 'epoch', 1)
redis.call('HINCRBY', KEYS[2], 'revision', 1)
-- Without the last run's id: that one, should it go on, must not take the new epoch for its own.
redis.call('HSET', KEYS[2], 'started_ms', now, 'updated_ms', now, 'messages', 0, 'first', 1,
  'last_run_id', '')
redis.call('HDEL', KEYS[2], 'model')
redis.call('PEXPIRE', KEYS[2], ARGV[8])
note_session(session_key, tonumber(ARGV[8]), now)
tell_session(session_key, 'session.reset', '{"epoch":' .. epoch .. '}')
return { 'reset', epoch }
