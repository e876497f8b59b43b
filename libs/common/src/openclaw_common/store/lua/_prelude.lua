-- Shared by every step of a job queue; `scripts.py` makes one library of functions of them all, so that
-- a server compiles them once and a call makes no functions anew.
--
-- ARGV[1] is what the keys of one kind of job start with (`openclaw:{c0}:run:`), ARGV[2..5] are the
-- retention of records, streams, idempotency records and dead letters in ms. A step's own
-- arguments start at ARGV[6]. KEYS[1] is the queue, and routes the call to the cell's server; the
-- other keys carry the same hash tag and are built here.
--
-- Redis does not roll back a step: every step checks first and writes last. Nothing may be kept from
-- one call to the next; what stands here outside functions is constant, or set by `begin`.

local KEYS, ARGV
local base, tag, kind, cell
local retention_ms, stream_retention_ms, idempotency_ms, dead_retention_ms
local queue, quarantine, wake, shares, turns

local function begin(keys, args)
  KEYS, ARGV = keys, args
  base = ARGV[1]
  tag = string.match(base, '{[^}]*}')
  kind = string.match(base, ':(%a+):$')
  cell = string.sub(base, 1, -#kind - 2)
  retention_ms = tonumber(ARGV[2])
  stream_retention_ms = tonumber(ARGV[3])
  idempotency_ms = tonumber(ARGV[4])
  dead_retention_ms = tonumber(ARGV[5])
  queue = base .. 'queue'
  quarantine = base .. 'quarantine'
  wake = base .. 'wake'
  shares = base .. 'shares'
  turns = base .. 'turns'
end

local WAKE_TOKENS = 256

local TERMINAL = {
  completed = true, failed = true, cancelled = true, expired = true,
  delivered = true, dead = true, unknown = true, suppressed = true,
}
local NEVER = '+inf'
-- Defined in `_turns` and `_accounts`.
local make_due, pass_turn, note_waiting, settle_account

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function is_record(job_id)
  return string.sub(job_id, 1, #tag) == tag
end

local function record_id(job_id)
  return string.sub(job_id, #tag + 1)
end

local function wake_one(jobs)
  local tokens = jobs and jobs .. 'wake' or wake
  redis.call('LPUSH', tokens, '1')
  redis.call('LTRIM', tokens, 0, WAKE_TOKENS - 1)
end

-- The last event's sequence number: 0 for an empty stream.
local function last_sequence(id)
  local last = redis.call('XREVRANGE', base .. id .. ':events', '+', '-', 'COUNT', 1)
  if #last == 0 then
    return 0
  end
  return tonumber(string.match(last[1][1], '%-(%d+)$'))
end

-- The attempt that the last event is of: 0 for an empty stream.
local function last_attempt(id)
  local last = redis.call('XREVRANGE', base .. id .. ':events', '+', '-', 'COUNT', 1)
  return #last == 0 and 0 or tonumber(string.match(last[1][1], '^(%d+)%-'))
end

local function append_event(id, attempt, sequence, type, data)
  redis.call('XADD', base .. id .. ':events', attempt .. '-' .. sequence, type, data)
end

-- The sets in which a run of these metadata (a JSON object of texts, or nothing) is found.
local function sets_of_metadata(metadata)
  local sets = {}
  if metadata and metadata ~= '' then
    for name, value in pairs(cjson.decode(metadata)) do
      sets[#sets + 1] = 'by:metadata:' .. name .. '=' .. value
    end
  end
  return sets
end

-- Whose a session is, '' for nobody's.
local function tenant_of(session_key)
  return string.match(session_key, '^tenant:([^:]+):') or ''
end

-- Every set in which an ended run is found. Those that completed are most of all runs, and are found
-- in the index.
local function sets_of(session_key, status, metadata)
  local sets = sets_of_metadata(metadata)
  sets[#sets + 1] = 'by:session:' .. session_key
  if tenant_of(session_key) ~= '' then
    sets[#sets + 1] = 'by:tenant:' .. tenant_of(session_key)
  end
  if status ~= 'completed' then
    sets[#sets + 1] = 'by:status:' .. status
  end
  return sets
end

-- Tells whoever follows a session what happens in it; for nobody else anything is written.
local function tell_session(session_key, type, data)
  redis.call('XADD', cell .. 'run:session.' .. session_key .. ':events', 'NOMKSTREAM', 'MAXLEN', 1000,
    '0-*', type, data)
end

-- Puts a new job at the end of its lane, and into the queue when it is the first there. `jobs` is what
-- the keys of its kind start with; the other kinds' jobs that a step causes are written here too.
-- `fields` is a flat list of record fields. Returns how many jobs of the lane are ahead.
local function enqueue(jobs, id, lane, job, not_before, expires, data, fields, now)
  local of_kind = string.match(jobs, ':(%a+):$')
  local lane_key = jobs .. 'lane:' .. lane
  local ahead = redis.call('LLEN', lane_key)
  redis.call('XADD', jobs .. id .. ':events', '0-1',
    of_kind == 'run' and 'run.queued' or of_kind .. '.pending', data)
  redis.call('HSET', jobs .. id, 'id', id, 'lane', lane, 'status', 'queued', 'attempt', 0,
    'crashes', 0, 'created_ms', now, 'not_before_ms', not_before, 'expires_ms', expires,
    unpack(fields))
  redis.call('SET', 'arq:job:' .. tag .. id, job)
  redis.call('RPUSH', lane_key, id)
  redis.call('ZADD', jobs .. 'open', expires > 0 and expires or NEVER, id)
  redis.call('ZADD', jobs .. 'index', now, id)
  if of_kind == 'run' then
    redis.call('ZADD', jobs .. 'by:session:' .. lane, now, id)
    if tenant_of(lane) ~= '' then
      redis.call('ZADD', jobs .. 'by:tenant:' .. tenant_of(lane), now, id)
    end
    tell_session(lane, 'run.created', '{"created":"' .. id .. '"}')
  end
  if ahead == 0 and jobs == base then
    make_due(id, lane, not_before, now)
  elseif ahead == 0 then
    redis.call('ZADD', jobs .. 'queue', math.max(now, not_before), tag .. id)
    wake_one(jobs)
  end
  return ahead
end

-- An ended job in the set of those that age: its id, and the sets in which a run is found.
local function aging_entry(id, session_key, status, metadata)
  if kind ~= 'run' then
    return id
  end
  return id .. '\n' .. table.concat(sets_of(session_key, status, metadata), '\n')
end

-- Takes up to `most` jobs whose records are gone out of all sets; returns how many.
local function drop_gone(most, now)
  local gone = redis.call('ZRANGEBYSCORE', base .. 'aging', '-inf', now, 'LIMIT', 0, most)
  local ids = {}
  for i, entry in ipairs(gone) do
    ids[i] = string.match(entry, '^[^\n]+')
    for set in string.gmatch(entry, '\n([^\n]+)') do
      redis.call('ZREM', base .. set, ids[i])
    end
  end
  if #gone > 0 then
    redis.call('ZREM', base .. 'aging', unpack(gone))
    redis.call('ZREM', base .. 'index', unpack(ids))
  end
  return #gone
end

-- Notes anew when the record of a job that has ended will be gone.
local function age_until(id, at)
  local state = redis.call('HMGET', base .. id, 'lane', 'status', 'metadata')
  redis.call('ZADD', base .. 'aging', at, aging_entry(id, state[1], state[2], state[3]))
end

-- Notes which run caused a delivery.
local function belongs_to(run_id, id, now)
  local of = cell .. 'delivery:of:' .. run_id
  redis.call('ZADD', of, now, id)
  redis.call('PEXPIRE', of, 2 * dead_retention_ms)
end

-- Lays down what another cell is to have; any process takes it there, in this order (`arrive`).
local function send_to(other, ...)
  redis.call('XADD', cell .. 'outbox:' .. other, '*', ...)
  redis.call('LPUSH', cell .. 'outbox:wake', '1')
  redis.call('LTRIM', cell .. 'outbox:wake', 0, WAKE_TOKENS - 1)
end

-- The cell that an id carries (contracts/ids.py).
local function cell_of(id)
  local own = string.match(id, '_(.*)$') or id
  return 'c' .. (string.sub(own, 15, 15) == '8' and tonumber(string.sub(own, 1, 2), 16) or 0)
end

-- Whether this cell has anything of a session; those of a tenant are all in one cell.
local function holds(session_key)
  local tenant = tenant_of(session_key)
  local of_tenant = tenant ~= '' and tenant or '-'
  return redis.call('EXISTS', cell .. 'run:lane:' .. session_key, cell .. 'session:' .. session_key,
    cell .. 'system-events:' .. session_key, cell .. 'run:by:session:' .. session_key,
    cell .. 'inbound-history:' .. session_key, cell .. 'run:by:tenant:' .. of_tenant,
    cell .. 'tenant:' .. of_tenant) > 0
end

local function add_delivery(id, lane, job, run_id, fields, now)
  local of_cell = cell_of(id)
  if '{' .. of_cell .. '}' ~= tag then
    if run_id ~= '' then
      belongs_to(run_id, id, now)
    end
    send_to(of_cell, 'kind', 'delivery', 'id', id, 'lane', lane, 'job', job, 'run_id', run_id,
      'fields', cjson.encode(fields))
    return
  end
  local jobs = cell .. 'delivery:'
  if redis.call('EXISTS', jobs .. id) == 1 then
    return
  end
  enqueue(jobs, id, lane, job, 0, 0, '{}', fields, now)
  if run_id ~= '' then
    belongs_to(run_id, id, now)
  end
end

-- Puts a system event at the end of a session's, in the place of the last one if that says the same: a
-- turn that is under way has perhaps shown that one already. `keep` is the number of events kept. A wake
-- puts the session into the schedule, to be looked at now.
local function push_system_event(session_key, agent_id, text, wakes, keep, keep_ms, now)
  local key = cell .. 'system-events:' .. session_key
  local outcome = 'queued'
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
  if last[1] and last[1][2][2] == text then
    outcome = 'coalesced'
    redis.call('XDEL', key, last[1][1])
  end
  redis.call('XADD', key, 'MAXLEN', keep, '*', 'text', text)
  redis.call('PEXPIRE', key, keep_ms)
  if wakes then
    redis.call('ZADD', cell .. 'schedule', 'LT', now, 'wake:' .. agent_id .. ':' .. session_key)
    redis.call('LPUSH', cell .. 'schedule:wake', '1')
    redis.call('LTRIM', cell .. 'schedule:wake', 0, WAKE_TOKENS - 1)
  end
  return outcome
end

-- The same for a session that is perhaps another cell's: `where` names the cell, in front of it `~`
-- when it may be an earlier one's instead; '' where there is one cell.
local function tell_system_event(where, session_key, agent_id, text, wakes, keep, keep_ms, now)
  local other = string.match(where, '^~(.*)$') or ('{' .. where .. '}' ~= tag and where or '')
  if other == '' then
    push_system_event(session_key, agent_id, text, wakes, keep, keep_ms, now)
  else
    send_to(other, 'kind', 'event', 'session', session_key, 'agent', agent_id, 'text', text, 'wake',
      wakes and 1 or 0, 'keep', keep, 'keep_ms', keep_ms)
  end
end

-- What a run that failed causes, as it was laid down when it was accepted.
local function report_failure(id, failure, now)
  local state = redis.call('HMGET', base .. id, 'notice_id', 'notice_lane', 'notice_job',
    'notice_fields', 'announce')
  if state[1] then
    add_delivery(state[1], state[2], state[3], id, cjson.decode(state[4]), now)
  end
  if state[5] then
    local to = cjson.decode(state[5])
    local known, error = pcall(cjson.decode, failure or '{}')
    tell_system_event(to.cell or '', to.session_key, to.agent_id,
      to.label .. ' (error): ' .. (known and error.message or 'Internal error'),
      to.wake, to.keep, to.keep_ms, now)
  end
end

-- Lets a session's agent look again at events that a run which failed was to read.
local function wake_again(id, session_key, now)
  local owed = redis.call('HMGET', base .. id, 'wakes', 'wake_retry_ms')
  if owed[1] and redis.call('XLEN', cell .. 'system-events:' .. session_key) > 0 then
    redis.call('ZADD', cell .. 'schedule', 'NX', now + tonumber(owed[2]), owed[1])
  end
end

-- Takes a job off the head of its lane and makes the next one due.
local function advance_lane(lane, id, now)
  local key = base .. 'lane:' .. lane
  if redis.call('LINDEX', key, 0) ~= id then
    redis.call('LREM', key, 1, id)
    return
  end
  redis.call('LPOP', key)
  local follower = redis.call('LINDEX', key, 0)
  if follower then
    local not_before = tonumber(redis.call('HGET', base .. follower, 'not_before_ms') or '0')
    make_due(follower, lane, not_before, now)
  end
end

-- Notes that a worker was heard, and returns for how many ms leases that ran out are still left to
-- their owners: nobody could renew while no worker was heard (Redis frozen, failing over, or cut off
-- from all of them), so whoever comes back first must not take the others for dead.
local function note_presence(now, lease_ms)
  local presence = base .. 'presence'
  local known = redis.call('HMGET', presence, 'heard_ms', 'grace_until_ms')
  local silent, grace_until = now - (tonumber(known[1]) or now), tonumber(known[2]) or 0
  if silent > lease_ms / 2 then
    grace_until = now + lease_ms
    redis.call('HSET', presence, 'grace_until_ms', grace_until)
  end
  if not known[1] or silent > lease_ms / 16 then
    redis.call('HSET', presence, 'heard_ms', now)
    redis.call('PEXPIRE', presence, 86400000)
  end
  return math.max(0, grace_until - now)
end

local function forget_lease(owner, job_id)
  if owner and owner ~= '' then
    redis.call('HDEL', base .. 'leases:' .. owner, job_id)
  end
end

-- Forgets a lease only if it still is the one of this attempt: the same worker may hold a later one.
local function forget_stale_lease(worker, job_id, attempt)
  local leases = base .. 'leases:' .. worker
  if redis.call('HGET', leases, job_id) == attempt then
    redis.call('HDEL', leases, job_id)
  end
end

-- Ends a job: terminal event last, record and stream begin to age, lane moves on. `events` is a flat
-- list of type, data; `fields` a flat list of record fields.
local function terminate(id, attempt, status, events, fields, now, dead)
  local key = base .. id
  local job_id = tag .. id
  local state = redis.call('HMGET', key, 'lane', 'owner', 'idempotency', 'idempotency_ms',
    'collect', 'collected_keys', 'metadata', 'created_ms', 'status', 'account')
  local sequence = last_sequence(id)
  for i = 1, #events, 2 do
    sequence = sequence + 1
    append_event(id, attempt, sequence, events[i], events[i + 1])
  end
  redis.call('HSET', key, 'status', status, 'attempt', attempt, 'ended_ms', now, 'owner', '',
    'last_sequence', sequence, unpack(fields))
  -- From here on Redis refuses whatever this attempt, or an older one, still writes.
  redis.call('XSETID', key .. ':events', (attempt + 1) .. '-0')
  redis.call('ZREM', queue, job_id)
  redis.call('ZREM', quarantine, job_id)
  redis.call('ZREM', base .. 'open', id)
  redis.call('DEL', 'arq:job:' .. job_id, key .. ':checkpoints')
  forget_lease(state[2], job_id)
  local keep = retention_ms
  if dead then
    keep = math.max(keep, dead_retention_ms)
    redis.call('ZADD', base .. 'dead', now, id)
    redis.call('ZREMRANGEBYSCORE', base .. 'dead', '-inf', now - dead_retention_ms)
    redis.call('PEXPIRE', base .. 'dead', dead_retention_ms)
  end
  redis.call('PEXPIRE', key, keep)
  redis.call('PEXPIRE', key .. ':events', dead and math.max(stream_retention_ms,
    kind == 'run' and 0 or keep) or stream_retention_ms)
  redis.call('ZADD', base .. 'aging', now + keep, aging_entry(id, state[1], status, state[7]))
  if kind == 'run' and status ~= 'completed' then
    redis.call('ZADD', base .. 'by:status:' .. status, state[8], id)
  end
  if kind == 'run' and (status == 'failed' or status == 'expired') then
    report_failure(id, redis.call('HGET', key, 'error'), now)
    wake_again(id, state[1], now)
  end
  if state[3] and state[3] ~= '' then
    redis.call('PEXPIRE', state[3], tonumber(state[4]) or idempotency_ms)
  end
  if state[5] then
    redis.call('PEXPIRE', key .. ':messages', keep)
    for _, collected in ipairs(cjson.decode(state[6] or '[]')) do
      redis.call('PEXPIRE', collected, idempotency_ms)
    end
  end
  if kind == 'run' and state[9] == 'queued' then
    pass_turn(id, state[1], now, false)
  end
  if state[10] then
    local tokens = 0
    for i = 1, #fields, 2 do
      tokens = fields[i] == 'tokens' and tonumber(fields[i + 1]) or tokens
    end
    settle_account(state[10], id, tokens, now)
  end
  advance_lane(state[1], id, now)
end
