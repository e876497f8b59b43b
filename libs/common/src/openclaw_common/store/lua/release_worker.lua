-- release_worker: hands back all leases of a worker process that is known to be dead.
--
-- KEYS  1 queue
-- ARGV  6 worker id
-- reply number of jobs handed back
-- keeps called by the supervisor that saw the process end, so that a crash is recovered at once
--       instead of when its leases run out. Counts as a crash of each job.

local worker = ARGV[6]
local now = now_ms()
local held = redis.call('HGETALL', base .. 'leases:' .. worker)
local released = 0
for i = 1, #held, 2 do
  local job_id, attempt = held[i], held[i + 1]
  if is_record(job_id) then
    local key = base .. record_id(job_id)
    local state = redis.call('HMGET', key, 'status', 'attempt', 'quarantined', 'account')
    if state[1] == 'in_progress' and state[2] == attempt then
      redis.call('HSET', key, 'status', 'queued', 'owner', '')
      redis.call('HINCRBY', key, 'crashes', 1)
      watch_deadline(record_id(job_id))
      redis.call('ZADD', state[3] and quarantine or queue, now, job_id)
      wake_one()
      note_waiting(state[4], record_id(job_id), now)
      released = released + 1
    end
  elseif redis.call('HGET', base .. 'plain:' .. job_id, 'attempt') == attempt then
    redis.call('HSET', base .. 'plain:' .. job_id, 'owner', '')
    redis.call('ZADD', queue, 'XX', now, job_id)
    wake_one()
    released = released + 1
  end
end
redis.call('DEL', base .. 'leases:' .. worker)
if redis.call('GET', quarantine .. ':reserved') == worker then
  redis.call('DEL', quarantine .. ':reserved')
end
return released
