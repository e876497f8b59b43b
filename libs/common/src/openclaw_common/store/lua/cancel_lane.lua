-- cancel_lane: cancels every job of a lane: those that wait end at once, the active one is flagged.
--
-- KEYS  1 queue
-- ARGV  6 lane · 7 reason
-- reply how many jobs there were
-- keeps none of the jobs that wait is started meanwhile.

return cancel_lane(ARGV[6], ARGV[7], now_ms())
