-- Ends of jobs that no worker causes: cancelled, expired, given up. Part of every step.

-- Until when a job without a worker may wait: its queue time limit counts until a worker that
-- understands it has started it, its readers' grace always. nil when it may wait for ever.
local function deadline_of(attempt, expires_ms, incompatible, abandon_ms)
  local expires, abandon = tonumber(expires_ms or '0') or 0, tonumber(abandon_ms or '0') or 0
  local deadline, ending = nil, nil
  if expires > 0 and (tonumber(attempt) or 0) <= (tonumber(incompatible or '0') or 0) then
    deadline, ending = expires, 'expired'
  end
  if abandon > 0 and (deadline == nil or abandon < deadline) then
    deadline, ending = abandon, 'abandoned'
  end
  return deadline, ending
end

-- Notes in the open set when a waiting job is to be given up; `expire` looks there.
local function watch_deadline(id)
  local state = redis.call('HMGET', base .. id, 'attempt', 'expires_ms', 'incompatible', 'abandon_ms')
  local deadline = deadline_of(state[1], state[2], state[3], state[4])
  redis.call('ZADD', base .. 'open', 'XX', deadline or NEVER, id)
end

local function end_cancelled(id, attempt, reason, now, fields)
  fields[#fields + 1] = 'cancel'
  fields[#fields + 1] = reason
  terminate(id, attempt, 'cancelled', { kind .. '.cancelled', cjson.encode({ reason = reason }) },
    fields, now, false)
end

-- Cancels a job: at once when it waits; one in progress is flagged and its worker told.
local function cancel_one(id, reason, now)
  local key = base .. id
  local state = redis.call('HMGET', key, 'status', 'attempt', 'owner')
  if not state[1] then
    return 'missing'
  end
  if TERMINAL[state[1]] then
    return 'terminal'
  end
  if state[1] == 'in_progress' then
    redis.call('HSETNX', key, 'cancel', reason)
    local control = base .. 'control:' .. state[3]
    redis.call('LPUSH', control, id)
    redis.call('PEXPIRE', control, 3600000)
    return 'cancelling'
  end
  -- What a replay wrote stands under the attempt to come, and nothing can be written before it.
  end_cancelled(id, math.max(tonumber(state[2]), last_attempt(id)), reason, now, {})
  return 'cancelled'
end

-- Cancels every job of a lane, the last one first, so that none is started meanwhile; returns how
-- many there were.
local function cancel_lane(lane, reason, now)
  local ids = redis.call('LRANGE', base .. 'lane:' .. lane, 0, -1)
  for i = #ids, 1, -1 do
    cancel_one(ids[i], reason, now)
  end
  return #ids
end

local function end_expired(id, attempt, now)
  local failure = cjson.encode({ status = 503, type = 'api_error', code = 'run_expired',
    message = 'The run waited longer than the queue time limit; retry later.' })
  terminate(id, attempt, 'expired', { kind .. '.expired', '{"error":' .. failure .. '}' },
    { 'error', failure }, now, false)
end

-- Ends a waiting job whose deadline has passed; returns whether it did.
local function expire_one(id, now)
  local state = redis.call('HMGET', base .. id, 'status', 'attempt', 'expires_ms', 'incompatible',
    'abandon_ms')
  local deadline, ending = deadline_of(state[2], state[3], state[4], state[5])
  if state[1] ~= 'queued' or not deadline or deadline > now then
    redis.call('ZADD', base .. 'open', 'XX', state[1] == 'queued' and deadline or NEVER, id)
    return false
  end
  if ending == 'expired' then
    end_expired(id, tonumber(state[2]), now)
  else
    end_cancelled(id, tonumber(state[2]), 'disconnect', now, {})
  end
  return true
end

-- Ends up to `most` waiting jobs whose deadline has passed; returns how many it looked at, and ended.
local function expire_overdue(most, now)
  local overdue = redis.call('ZRANGEBYSCORE', base .. 'open', '-inf', now, 'LIMIT', 0, most)
  local ended = 0
  for _, id in ipairs(overdue) do
    local readable, done = pcall(expire_one, id, now)
    if readable and done then
      ended = ended + 1
    elseif not readable then
      -- It cannot be read; the others must not wait for it.
      redis.call('ZADD', base .. 'open', 'XX', NEVER, id)
    end
  end
  return #overdue, ended
end

-- Takes away a job that has ended, and all that is its own; `entry` is its place among those that age.
local function take_away(jobs, id, entry)
  local key = jobs .. id
  local keys = redis.call('HMGET', key, 'idempotency', 'collected_keys')
  local gone = { key, key .. ':events', key .. ':checkpoints', key .. ':messages' }
  if keys[1] and keys[1] ~= '' then
    gone[#gone + 1] = keys[1]
  end
  for _, collected in ipairs(cjson.decode(keys[2] or '[]')) do
    gone[#gone + 1] = collected
  end
  redis.call('DEL', unpack(gone))
  redis.call('ZREM', jobs .. 'index', id)
  redis.call('ZREM', jobs .. 'dead', id)
  redis.call('ZREM', jobs .. 'aging', entry)
end
