-- fire: what an entry of the schedule does at one tick, once.
--
-- KEYS  1 queue
-- ARGV  6 the plan, JSON · 7 arq job of the run (msgpack) or '' · 8.. flat list of its record fields
--       plan: entry · due: the score that was read · next: the next one, none ends the entry · tick
--       action: 'run' | 'event' | 'skip' · reason: why it is skipped
--       manual: a user asked, the schedule stays as it is · settings: of the record that was read
--       run: { id, lane, queue_timeout_ms, max_open, max_lane, cell: where it goes if not here }
--       session: whose system events the run reads · needs_events: skipped, for `reason`, while there are none
--       turns: a wake's { of, spacing_ms, most, window_ms, retry_ms, retry_most_ms }: whose turns are
--       kept apart, and when events are looked at again that a turn which failed has left
--       event: { session, agent, text, wake, keep, keep_ms, cell } · missed: ticks this one stands for
--       history: { keep, keep_ms } · remove: the record goes with this tick
-- reply {'run' | 'event' | 'skip', reason} | {'moved'}: somebody else was faster, or the entry is
--       another one now | {'deferred', ms until it may} | {'full', 'queue' | 'lane'}: it stays due,
--       in its place before those that came later
-- keeps a tick is what compares equal: whoever finds the due time it has read takes the tick, with all
--       it causes and the next due time, in this step. So none is fired twice or lost by whoever dies,
--       and an answer that got lost may be asked for again.

local plan = cjson.decode(ARGV[6])
local entry, run = plan.entry, plan.run
local schedule = cell .. 'schedule'
local state = cell .. 'scheduled:' .. entry
local now = now_ms()

if not plan.manual then
  local due = tonumber(redis.call('ZSCORE', schedule, entry) or '-1')
  if due ~= plan.due or due > now then
    return { 'moved' }
  end
end
if plan.settings and redis.call('HGET', state, 'settings') ~= plan.settings then
  return { 'moved' }
end

local turns = plan.turns and cell .. 'event-turns:' .. plan.turns.of
local waiting = plan.session and cell .. 'event-turn:' .. plan.session

-- Whether a run that will read the session's events has not begun.
local function turn_waits()
  local id = waiting and redis.call('GET', waiting)
  local found = id and redis.call('HMGET', base .. id, 'status', 'attempt', 'expires_ms')
  if not found or found[1] ~= 'queued' or found[2] ~= '0' then
    return false
  end
  local expires = tonumber(found[3] or '0') or 0
  return expires == 0 or expires > now
end

-- When the turn began before which there were so many newer ones; one yet to come is one of before the
-- clock was put back.
local function began(newer)
  local at = tonumber(redis.call('LINDEX', turns, newer) or nil)
  return at and at <= now and at or -math.huge
end

local function earliest_turn()
  return math.max(began(0) + plan.turns.spacing_ms, began(plan.turns.most - 1) + plan.turns.window_ms)
end

-- The run that reads the session's events owes a wake: should it fail, there is another one.
local function owe_wake(id)
  local last = redis.call('GET', waiting)
  local known = last and redis.call('HMGET', base .. last, 'status', 'wake_retry_ms') or {}
  local delay = plan.turns.retry_ms
  if (known[1] == 'failed' or known[1] == 'expired') and known[2] then
    delay = math.min(2 * tonumber(known[2]), plan.turns.retry_most_ms)
  end
  redis.call('HSET', base .. id, 'wakes', entry, 'wake_retry_ms', delay)
end

local function full()
  if redis.call('ZCARD', base .. 'open') >= run.max_open then
    return 'queue'
  end
  return redis.call('LLEN', base .. 'lane:' .. run.lane) >= run.max_lane and 'lane'
end

local outcome, reason = plan.action, plan.reason or ''
local known = run and redis.call('EXISTS', base .. run.id) == 1
if known and plan.manual then
  return { 'run', '' }
end
if outcome == 'run' and not known and not run.cell then
  if plan.needs_events and redis.call('XLEN', cell .. 'system-events:' .. plan.session) == 0 then
    outcome = 'skip'
  elseif turn_waits() then
    outcome, reason = 'skip', 'coalesced'
  else
    local earliest = turns and earliest_turn() or now
    if earliest > now then
      return { 'deferred', earliest - now }
    end
    if full() then
      expire_overdue(100, now)
    end
    if full() then
      return { 'full', full() }
    end
    reason = ''
  end
end

if outcome == 'run' and not known then
  local fields = { 'idempotency', '' }
  for i = 8, #ARGV do
    fields[#fields + 1] = ARGV[i]
  end
  local expires = run.queue_timeout_ms > 0 and now + run.queue_timeout_ms or 0
  if run.cell then
    -- What is asked of the session is asked when it arrives there.
    send_to(run.cell, 'kind', 'run', 'id', run.id, 'lane', run.lane, 'job', ARGV[7], 'fields',
      cjson.encode(fields), 'queue_timeout_ms', run.queue_timeout_ms, 'reads',
      plan.needs_events and plan.session or '')
    reason, waiting, turns = '', nil, nil
  else
    enqueue(base, run.id, run.lane, ARGV[7], 0, expires, '{}', fields, now)
  end
  if turns then
    owe_wake(run.id)
  end
  if waiting then
    redis.call('SET', waiting, run.id, 'PX', 86400000)
  end
  if turns then
    redis.call('LPUSH', turns, now)
    redis.call('LTRIM', turns, 0, plan.turns.most - 1)
    redis.call('PEXPIRE', turns, math.max(plan.turns.window_ms, plan.turns.spacing_ms, 1000))
  end
elseif turns and reason == 'coalesced' then
  owe_wake(redis.call('GET', waiting))
elseif outcome == 'event' then
  local event = plan.event
  tell_system_event(event.cell or '', event.session, event.agent, event.text, event.wake, event.keep,
    event.keep_ms, now)
end
if plan.history then
  local ticks = cell .. 'ticks:' .. entry
  redis.call('XADD', ticks, 'MAXLEN', plan.history.keep, '*', 'tick', plan.tick, 'outcome', outcome,
    'reason', reason, 'run_id', outcome == 'run' and run.id or '', 'missed', plan.missed or 0,
    'manual', plan.manual and 1 or 0)
  redis.call('PEXPIRE', ticks, plan.history.keep_ms)
end
if plan.remove then
  redis.call('DEL', state)
  redis.call('ZREM', cell .. 'cron', entry)
elseif plan.settings then
  redis.call('HSET', state, 'last_tick_ms', plan.tick, 'last_ms', now, 'last_outcome', outcome,
    'last_reason', reason, 'last_run_id', outcome == 'run' and run.id or '')
end
if plan.next and not plan.remove then
  redis.call('ZADD', schedule, plan.next, entry)
elseif not plan.manual then
  redis.call('ZREM', schedule, entry)
end
return { outcome, reason }
