-- inbound_note: keeps what came in from a chat and is no run, once for all its repeats.
--
-- KEYS  1 queue · 2 mark of the event
-- ARGV  6 'history' | 'event' · 7 session key · 8 text · 9 how many are kept · 10 ms they are kept
--       11 ms for which repeats are known · 12 agent id, for an event
-- reply 'noted' | 'seen' when it was noted before
-- keeps a repeat changes nothing: the mark and what it stands for are one step.

if redis.call('EXISTS', KEYS[2]) == 1 then
  return 'seen'
end
if ARGV[6] == 'event' then
  push_system_event(ARGV[7], ARGV[12], ARGV[8], false, ARGV[9], ARGV[10], now_ms())
else
  local key = cell .. 'inbound-history:' .. ARGV[7]
  redis.call('XADD', key, 'MAXLEN', ARGV[9], '*', 'text', ARGV[8])
  redis.call('PEXPIRE', key, ARGV[10])
end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[11])
return 'noted'
