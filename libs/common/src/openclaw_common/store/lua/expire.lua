-- expire: ends waiting jobs whose queue time limit or disconnect grace has passed, and forgets jobs
-- whose records are gone.
--
-- KEYS  1 queue
-- ARGV  6 most jobs at once
-- reply {jobs looked at: as many as asked for when there may be more, jobs ended, jobs forgotten}
-- keeps a job behind a long one in its lane, or without any worker, ends in time too. A job in
--       progress is none of its business: renew and the next claim look after that.

mend_turns(now_ms())
local looked_at, ended = expire_overdue(tonumber(ARGV[6]), now_ms())
return { looked_at, ended, drop_gone(tonumber(ARGV[6]), now_ms()) }
