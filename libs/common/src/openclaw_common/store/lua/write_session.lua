-- write_session: changes a session in the middle of a run: a new epoch, or a shorter transcript.
--
-- KEYS  1 queue · 2 session record · 3 transcript
-- ARGV  6 record id · 7 attempt · 8 and on as write_session of the prelude
-- reply 'written' | 'moved' when the session is no longer the one that was read | 'stale'
-- keeps no write of an attempt that another one has followed, none over a session that was reset
--       meanwhile, and none twice.

local state = redis.call('HMGET', base .. ARGV[6], 'status', 'attempt')
if state[1] ~= 'in_progress' or state[2] ~= ARGV[7] then
  return 'stale'
end
return write_session(KEYS[2], KEYS[3], ARGV[6], 8, now_ms())
