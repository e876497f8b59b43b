-- release: hands a job back, at once or after a delay. Neither a crash nor a try.
--
-- KEYS  1 queue
-- ARGV  6 job id · 7 attempt · 8 delay in ms · 9 worker id · 10 name of a counter to raise, or ''
-- reply 1 | 0 when the attempt is stale
-- keeps the job's place at the head of its lane, so that order holds.

local job_id, attempt, delay, worker = ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9]
local now = now_ms()

if not is_record(job_id) then
  local plain = redis.call('HMGET', base .. 'plain:' .. job_id, 'attempt', 'owner')
  if plain[1] ~= attempt or plain[2] ~= worker then
    forget_stale_lease(worker, job_id, attempt)
    return 0
  end
  redis.call('HSET', base .. 'plain:' .. job_id, 'owner', '')
  redis.call('ZADD', queue, 'XX', now + delay, job_id)
  redis.call('HDEL', base .. 'leases:' .. worker, job_id)
  wake_one()
  return 1
end

local key = base .. record_id(job_id)
local state = redis.call('HMGET', key, 'status', 'attempt', 'quarantined', 'cancel', 'account')
if state[1] ~= 'in_progress' or state[2] ~= attempt then
  forget_stale_lease(worker, job_id, attempt)
  return 0
end
if state[4] and state[4] ~= '' then
  -- The next claim ends it; there is nothing to wait for.
  delay = 0
end
redis.call('HSET', key, 'status', 'queued', 'owner', '')
if ARGV[10] ~= '' then
  redis.call('HINCRBY', key, ARGV[10], 1)
end
watch_deadline(record_id(job_id))
redis.call('ZADD', state[3] and quarantine or queue, 'XX', now + delay, job_id)
redis.call('HDEL', base .. 'leases:' .. worker, job_id)
note_waiting(state[5], record_id(job_id), now)
-- Also for a delay: a waiting worker has to learn when the job is due.
wake_one()
return 1
