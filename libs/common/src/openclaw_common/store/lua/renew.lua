-- renew: prolongs all leases of a process in one call.
--
-- KEYS  1 queue
-- ARGV  6 worker id · 7 lease in ms · 8.. flat list of job id, attempt
-- reply per job: '' renewed | 'lost' | the reason of a cancellation that was asked
-- keeps only the attempt that the record names can be renewed; a reader's disconnect grace that ran
--       out becomes a cancellation here.

local worker, lease_ms = ARGV[6], tonumber(ARGV[7])
local now = now_ms()
local reply = {}
note_presence(now, lease_ms)

local function renew_record(job_id, attempt)
  local key = base .. record_id(job_id)
  local state = redis.call('HMGET', key, 'status', 'attempt', 'cancel', 'abandon_ms', 'quarantined')
  if state[1] ~= 'in_progress' or state[2] ~= attempt then
    return 'lost'
  end
  local abandon = tonumber(state[4] or '0') or 0
  local cancel = state[3] or ''
  if cancel == '' and abandon > 0 and abandon <= now then
    cancel = 'disconnect'
    redis.call('HSET', key, 'cancel', cancel)
  end
  redis.call('ZADD', state[5] and quarantine or queue, 'XX', now + lease_ms, job_id)
  return cancel
end

local function renew_plain(job_id, attempt)
  local state = redis.call('HMGET', base .. 'plain:' .. job_id, 'attempt', 'owner')
  if state[1] ~= attempt or state[2] ~= worker then
    return 'lost'
  end
  redis.call('ZADD', queue, 'XX', now + lease_ms, job_id)
  return ''
end

for i = 8, #ARGV, 2 do
  local job_id, attempt = ARGV[i], ARGV[i + 1]
  if is_record(job_id) then
    reply[#reply + 1] = renew_record(job_id, attempt)
  else
    reply[#reply + 1] = renew_plain(job_id, attempt)
  end
  if reply[#reply] == 'lost' then
    forget_stale_lease(worker, job_id, attempt)
  end
end
redis.call('PEXPIRE', base .. 'leases:' .. worker, 86400000)
return reply
