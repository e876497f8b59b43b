-- claim: gives due jobs to a worker, each under a lease and a new attempt number.
--
-- KEYS  1 queue
-- ARGV  6 worker id · 7 lease in ms · 8 most jobs wanted · 9 '1' when the worker runs nothing
--       10 max crashes · 11 crashes until quarantine · 12 type of a first attempt's event
--       13 type of a later attempt's event
-- reply {ms until something is due (-1: nothing queued), exclusive, reserved, job...}
--       job: {job id, attempt, arq job, payload, crashes}; for an arq job without a record the
--       payload is false. exclusive: the one job came from quarantine, claim nothing beside it.
--       reserved: a quarantined job waits for this worker to become idle.
-- keeps the attempt number grows with every claim and is the fencing token: the new attempt's first
--       event makes Redis itself refuse every id of an older attempt. A lease that ran out is a job
--       that is due again. A job whose attempts are used up ends here as a dead letter.

local worker, lease_ms, wanted = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local idle = ARGV[9] == '1'
local max_crashes, quarantine_after = tonumber(ARGV[10]), tonumber(ARGV[11])
local now = now_ms()
local leases = base .. 'leases:' .. worker
local jobs = {}
local exclusive, reserved = 0, 0
local uptime_ms = nil

-- Leases that ran out while Redis itself was away say nothing about the worker.
local function redis_was_away()
  if uptime_ms == nil then
    local info = redis.call('INFO', 'server')
    uptime_ms = 1000 * (tonumber(string.match(info, 'uptime_in_seconds:(%d+)')) or 1e9)
  end
  return uptime_ms < 2 * lease_ms
end

local function end_without_a_result(id, attempt, record, crashes)
  if record.cancel ~= '' then
    terminate(id, attempt, 'cancelled',
      { 'run.cancelled', cjson.encode({ reason = record.cancel }) },
      { 'crashes', crashes }, now, false)
  elseif record.expired then
    local failure = cjson.encode({ status = 503, type = 'api_error', code = 'run_expired',
      message = 'The run waited longer than the queue time limit; retry later.' })
    terminate(id, attempt, 'expired', { 'run.expired', '{"error":' .. failure .. '}' },
      { 'error', failure }, now, false)
  else
    local failure = cjson.encode({ status = 500, type = 'api_error', code = 'attempts_exhausted',
      message = 'The run was given up after its worker crashed repeatedly.' })
    terminate(id, attempt, 'failed', { 'run.failed', '{"error":' .. failure .. '}' },
      { 'error', failure, 'crashes', crashes }, now, true)
  end
end

local function take(job_id, set)
  local id = record_id(job_id)
  local key = base .. id
  local state = redis.call('HMGET', key, 'status', 'attempt', 'crashes', 'owner', 'cancel',
    'abandon_ms', 'expires_ms', 'payload', 'quarantined')
  if TERMINAL[state[1]] then
    redis.call('ZREM', set, job_id)
    return
  end
  local attempt = tonumber(state[2]) + 1
  local crashes = tonumber(state[3])
  local crashed = state[1] == 'in_progress' and not redis_was_away()
  if state[1] == 'in_progress' then
    forget_lease(state[4], job_id)
  end
  if crashed then
    crashes = crashes + 1
  end
  local cancel = state[5] or ''
  local abandon = tonumber(state[6] or '0') or 0
  if cancel == '' and abandon > 0 and abandon <= now then
    cancel = 'disconnect'
  end
  local expires = tonumber(state[7] or '0')
  local expired = attempt == 1 and expires > 0 and expires <= now
  local guilty = state[9] and crashes > tonumber(state[9])
  if cancel ~= '' or expired or crashes >= max_crashes or guilty then
    end_without_a_result(id, attempt, { cancel = cancel, expired = expired }, crashes)
    return
  end
  if set == queue and crashes >= quarantine_after then
    redis.call('HSET', key, 'crashes', crashes, 'quarantined', crashes, 'status', 'queued',
      'owner', '')
    redis.call('ZREM', queue, job_id)
    redis.call('ZADD', quarantine, now, job_id)
    wake_one()
    return
  end
  local sequence = last_sequence(id) + 1
  if attempt == 1 then
    append_event(id, attempt, sequence, ARGV[12], '{}')
  else
    append_event(id, attempt, sequence, ARGV[13], '{"discard_from":' ..
      tonumber(redis.call('HGET', key, 'first_sequence')) .. '}')
  end
  redis.call('HSET', key, 'status', 'in_progress', 'attempt', attempt, 'crashes', crashes,
    'owner', worker, 'first_sequence', sequence + 1)
  redis.call('HSETNX', key, 'started_ms', now)
  redis.call('ZADD', set, now + lease_ms, job_id)
  redis.call('HSET', leases, job_id, attempt)
  jobs[#jobs + 1] = { job_id, attempt, redis.call('GET', 'arq:job:' .. job_id), state[8], crashes,
    sequence }
end

-- A job that arq itself enqueued (cron, deferred): same lease and fence, no record.
local function take_plain(job_id)
  local key = base .. 'plain:' .. job_id
  local attempt = redis.call('HINCRBY', key, 'attempt', 1)
  redis.call('HSET', key, 'owner', worker)
  redis.call('PEXPIRE', key, 86400000)
  redis.call('ZADD', queue, now + lease_ms, job_id)
  redis.call('HSET', leases, job_id, attempt)
  jobs[#jobs + 1] = { job_id, attempt, redis.call('GET', 'arq:job:' .. job_id), false, 0, 0 }
end

if redis.call('ZCARD', quarantine) > 0 then
  local due = redis.call('ZRANGEBYSCORE', quarantine, '-inf', now, 'LIMIT', 0, 1)
  if due[1] then
    local holder = redis.call('GET', quarantine .. ':reserved')
    if idle then
      redis.call('DEL', quarantine .. ':reserved')
      take(due[1], quarantine)
      if #jobs > 0 then
        exclusive = 1
        wanted = 0
      end
    elseif not holder or holder == worker then
      redis.call('SET', quarantine .. ':reserved', worker, 'PX', lease_ms)
      reserved = 1
      wanted = 0
    end
  end
end

if wanted > 0 then
  local due = redis.call('ZRANGEBYSCORE', queue, '-inf', now, 'LIMIT', 0, wanted)
  for _, job_id in ipairs(due) do
    if is_record(job_id) and redis.call('EXISTS', base .. record_id(job_id)) == 1 then
      take(job_id, queue)
    else
      take_plain(job_id)
    end
  end
end
if #jobs > 0 then
  redis.call('PEXPIRE', leases, 86400000)
end

local wait = -1
for _, set in ipairs({ queue, quarantine }) do
  local first = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
  if first[2] then
    local due_in = math.max(0, tonumber(first[2]) - now)
    if wait < 0 or due_in < wait then
      wait = due_in
    end
  end
end
return { wait, exclusive, reserved, unpack(jobs) }
