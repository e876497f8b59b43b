-- push_event: puts a system event at the end of a session's.
--
-- KEYS  1 queue
-- ARGV  6 session key · 7 agent id · 8 text · 9 '1' to wake the agent · 10 events kept · 11 ms kept
-- reply 'queued' | 'coalesced' when the last one that waits says the same
-- keeps no more events than asked for, the newest ones; a wake is scheduled with the event or not at
--       all.

return push_system_event(ARGV[6], ARGV[7], ARGV[8], ARGV[9] == '1', ARGV[10], ARGV[11], now_ms())
