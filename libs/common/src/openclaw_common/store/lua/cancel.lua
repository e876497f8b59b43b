-- cancel: ends a queued job at once, or flags one in progress and tells its worker.
--
-- KEYS  1 queue
-- ARGV  6 record id · 7 reason
-- reply 'missing' | 'terminal' | 'cancelled' | 'cancelling'
-- keeps one terminal event: a job in progress is ended by its worker, or, when its lease ran out, by
--       the next claim.

return cancel_one(ARGV[6], ARGV[7], now_ms())
