-- claim: gives due jobs to a worker, each under a lease and a new attempt number.
--
-- KEYS  1 queue
-- ARGV  6 worker id · 7 lease in ms · 8 most jobs wanted · 9 '1' when the worker runs nothing
--       10 max crashes · 11 crashes until quarantine · 12 type of a first attempt's event
--       13 type of a later attempt's event · 14 bytes of payload after which no more jobs are taken
-- reply {ms until something is due (-1: nothing queued), exclusive, reserved, unreadable, job...}
--       job: {job id, attempt, arq job, payload, crashes, sequence of the attempt's first event, ms
--       since it was accepted, ms since it became due (-1 where its lease ran out)};
--       for an arq job without a record the payload is false. exclusive: the one job came from
--       quarantine, claim nothing beside it. reserved: a quarantined job waits for this worker to
--       become idle. unreadable: what was wrong with jobs that were put off.
-- keeps the attempt number grows with every claim and is the fencing token: the new attempt's first
--       event makes Redis itself refuse every id of an older attempt. A lease that ran out is a job
--       that is due again; it counts as a crash unless no worker could renew at that time. A job
--       whose attempts are used up ends here as a dead letter. One job that cannot be read does not
--       keep the others from being claimed.

local worker, lease_ms, wanted = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local idle = ARGV[9] == '1'
local max_crashes, quarantine_after = tonumber(ARGV[10]), tonumber(ARGV[11])
local bytes_left = tonumber(ARGV[14])
local UNREADABLE_DELAY_MS = 60000
-- A worker empties itself for this long, and goes on for as long before it is asked again, so that
-- one long run beside a quarantined one does not stop everything else.
local RESERVED_MS = 5 * lease_ms
local now = now_ms()
local leases = base .. 'leases:' .. worker
local jobs, unreadable = {}, {}
local in_turns = kind == 'run' and redis.call('HEXISTS', shares, 'round') == 1
local uptime_ms = nil
-- After a silence of all workers, who owns a lease that ran out gets this long to hand it back.
local grace_ms = note_presence(now, lease_ms)

-- Leases that ran out while Redis itself was away say nothing about the worker.
local function redis_was_away()
  if uptime_ms == nil then
    local info = redis.pcall('INFO', 'server')
    local seconds = type(info) == 'string' and string.match(info, 'uptime_in_seconds:(%d+)')
    uptime_ms = 1000 * (tonumber(seconds) or 1e9)
  end
  return uptime_ms < 2 * lease_ms
end

local function end_given_up(id, attempt, crashes)
  local failure = cjson.encode({ status = 500, type = 'api_error', code = 'attempts_exhausted',
    message = 'The ' .. kind .. ' was given up after its worker crashed repeatedly.' })
  local status = kind == 'run' and 'failed' or 'dead'
  terminate(id, attempt, status, { kind .. '.' .. status, '{"error":' .. failure .. '}' },
    { 'error', failure, 'crashes', crashes }, now, true)
end

-- Ends a job that is not to be executed (again); returns whether it did.
local function ended(id, attempt, crashes, quarantined, cancel, deadline, ending)
  if cancel and cancel ~= '' then
    end_cancelled(id, attempt, cancel, now, { 'crashes', crashes })
  elseif deadline and deadline <= now and ending == 'expired' then
    end_expired(id, attempt, now)
  elseif deadline and deadline <= now then
    end_cancelled(id, attempt, 'disconnect', now, { 'crashes', crashes })
  elseif crashes >= max_crashes or (quarantined and crashes > tonumber(quarantined)) then
    end_given_up(id, attempt, crashes)
  else
    return false
  end
  return true
end

local function give(job_id, attempt, payload, crashes, sequence, age_ms, late_ms)
  redis.call('HSET', leases, job_id, attempt)
  jobs[#jobs + 1] = { job_id, attempt, redis.call('GET', 'arq:job:' .. job_id), payload, crashes,
    sequence, age_ms, late_ms }
  bytes_left = bytes_left - (payload and #payload or 0)
end

local function take(job_id, set)
  local id = record_id(job_id)
  local key = base .. id
  local state = redis.call('HMGET', key, 'status', 'attempt', 'crashes', 'owner', 'cancel',
    'abandon_ms', 'expires_ms', 'incompatible', 'payload', 'quarantined', 'lane', 'account',
    'created_ms')
  if TERMINAL[state[1]] then
    redis.call('ZREM', set, job_id)
    return
  end
  local attempt = tonumber(state[2])
  local crashes = tonumber(state[3])
  if state[1] == 'in_progress' then
    local excused = redis_was_away()
    if grace_ms > 0 and not excused then
      if state[4] ~= worker then
        redis.call('ZADD', set, now + grace_ms, job_id)
        return
      end
      excused = true
    end
    forget_lease(state[4], job_id)
    if not excused then
      crashes = crashes + 1
    end
  end
  local deadline, ending = deadline_of(attempt, state[7], state[8], state[6])
  if ended(id, attempt, crashes, state[10], state[5], deadline, ending) then
    return
  end
  if set == queue and crashes >= quarantine_after then
    redis.call('HSET', key, 'crashes', crashes, 'quarantined', crashes, 'status', 'queued',
      'owner', '')
    watch_deadline(id)
    redis.call('ZREM', queue, job_id)
    redis.call('ZADD', quarantine, now, job_id)
    wake_one()
    pass_turn(id, state[11], now, false)
    note_waiting(state[12], id, now)
    return
  end
  local account = state[12] and cjson.decode(state[12])
  if account and state[1] == 'queued' and set == queue and park(account, id, now) then
    pass_turn(id, state[11], now, false)
    return
  end
  attempt = attempt + 1
  local sequence = last_sequence(id) + 1
  if attempt == 1 or ARGV[12] == ARGV[13] then
    append_event(id, attempt, sequence, ARGV[12], '{}')
  else
    append_event(id, attempt, sequence, ARGV[13], '{"discard_from":' ..
      tonumber(redis.call('HGET', key, 'first_sequence')) .. '}')
  end
  redis.call('HSET', key, 'status', 'in_progress', 'attempt', attempt, 'crashes', crashes,
    'owner', worker, 'first_sequence', sequence + 1)
  redis.call('HSETNX', key, 'started_ms', now)
  redis.call('ZADD', base .. 'open', 'XX', NEVER, id)
  local late_ms = -1
  if state[1] ~= 'in_progress' then
    late_ms = now - (tonumber(redis.call('ZSCORE', set, job_id)) or now)
  end
  redis.call('ZADD', set, now + lease_ms, job_id)
  give(job_id, attempt, state[9], crashes, sequence, now - (tonumber(state[13]) or now), late_ms)
  if account then
    note_begun(account, id)
  end
  if in_turns then
    pass_turn(id, state[11], now, true)
  end
end

-- A job that arq itself enqueued (cron, deferred): same lease and fence, no record.
local function take_plain(job_id)
  local key = base .. 'plain:' .. job_id
  forget_lease(redis.call('HGET', key, 'owner'), job_id)
  if redis.call('EXISTS', 'arq:job:' .. job_id) == 0 then
    -- arq's time limit took what was to be executed.
    redis.call('ZREM', queue, job_id)
    redis.call('DEL', key)
    return
  end
  local attempt = redis.call('HINCRBY', key, 'attempt', 1)
  redis.call('HSET', key, 'owner', worker)
  redis.call('PEXPIRE', key, 86400000)
  redis.call('ZADD', queue, now + lease_ms, job_id)
  give(job_id, attempt, false, 0, 0, -1, -1)
end

local function take_safely(job_id, set)
  local how = take
  if not is_record(job_id) or redis.call('EXISTS', base .. record_id(job_id)) == 0 then
    how = take_plain
  end
  local ok, problem = pcall(how, job_id, set)
  if not ok then
    redis.call('ZADD', set, now + UNREADABLE_DELAY_MS, job_id)
    unreadable[#unreadable + 1] = job_id .. ': ' ..
      tostring(type(problem) == 'table' and problem.err or problem)
  end
end

local function due_in(set, count)
  return redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, count)
end

local exclusive, reserved = 0, 0
local suspect = due_in(quarantine, 1)[1]
if suspect and idle then
  redis.call('DEL', quarantine .. ':reserved')
  take_safely(suspect, quarantine)
  exclusive = #jobs
elseif suspect then
  redis.call('SET', quarantine .. ':reserved', worker, 'PX', 2 * RESERVED_MS, 'NX')
  if redis.call('GET', quarantine .. ':reserved') == worker
    and redis.call('PTTL', quarantine .. ':reserved') > RESERVED_MS then
    reserved = 1
  end
end

-- While tenants take turns, each claim decides who is next.
local function take_turns()
  for _ = 1, 2 * wanted do
    local job_id = due_in(queue, 1)[1]
    if not job_id or #jobs >= wanted or bytes_left <= 0 then
      break
    end
    take_safely(job_id, queue)
  end
end

if exclusive == 0 and reserved == 0 and in_turns then
  take_turns()
elseif exclusive == 0 and reserved == 0 then
  for _, job_id in ipairs(due_in(queue, wanted)) do
    if bytes_left <= 0 then
      break
    end
    take_safely(job_id, queue)
  end
end
if #jobs > 0 then
  redis.call('PEXPIRE', leases, 86400000)
end

local wait = -1
for _, set in ipairs(idle and { queue, quarantine } or { queue }) do
  local first = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
  if first[2] then
    local ms = math.max(0, tonumber(first[2]) - now)
    if wait < 0 or ms < wait then
      wait = ms
    end
  end
end
return { wait, exclusive, reserved, unreadable, unpack(jobs) }
