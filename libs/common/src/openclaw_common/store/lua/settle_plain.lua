-- settle_plain: ends an arq job that has no record, in place of arq's unconditional finish.
--
-- KEYS  1 queue
-- ARGV  6 job id · 7 attempt · 8 worker id · 9 result (msgpack) or '' · 10 result's life in ms
--       11 ms for which arq must go on to refuse the job's id (a cron tick of another worker)
-- reply 1 | 0 when the attempt is stale
-- keeps a worker that lost the job does not remove it from under its new owner.

local job_id, worker = ARGV[6], ARGV[8]
local key = base .. 'plain:' .. job_id
local state = redis.call('HMGET', key, 'attempt', 'owner')
if state[1] ~= ARGV[7] or state[2] ~= worker then
  forget_stale_lease(worker, job_id, ARGV[7])
  return 0
end
redis.call('ZREM', queue, job_id)
redis.call('DEL', key, 'arq:retry:' .. job_id)
if tonumber(ARGV[11]) > 0 then
  redis.call('PEXPIRE', 'arq:job:' .. job_id, ARGV[11])
else
  redis.call('DEL', 'arq:job:' .. job_id)
end
redis.call('HDEL', base .. 'leases:' .. worker, job_id)
if ARGV[9] ~= '' and tonumber(ARGV[10]) > 0 then
  redis.call('SET', 'arq:result:' .. job_id, ARGV[9], 'PX', ARGV[10])
end
return 1
