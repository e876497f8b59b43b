-- Fair share of tenants: who is next while runs of several tenants wait. Part of every step of a queue.
--
-- While the runs of one tenant alone wait, they stand in the queue, and `shares` names the tenant.
-- From when another's come, each tenant has one run in the queue, its turn, and the others are held in
-- the order in which they became due. A claim takes a turn and lets the tenant's next one in, so no
-- slot stays idle while anything waits. Rounds are counted as in start-time fair queueing (Goyal, Vin
-- and Cheng 1996): a turn that belongs to the present round, or to one that is over, goes before those
-- of the next. Who had nothing waiting may catch up CREDIT rounds and no more. What was begun before
-- and is to go on, or is due later, keeps its own place in the queue.

local CREDIT = 2
local EARLY_MS = 3600000
local SOLE_MS = 86400000

local function held_of(tenant)
  return base .. 'held:' .. tenant
end

local function give_turn(tenant, id, round, last, now)
  local start = math.max(round - CREDIT, last or round - CREDIT)
  redis.call('HSET', turns, tenant, id)
  redis.call('HSET', shares, 'next:' .. tenant, start + 1)
  -- Within one millisecond the earlier round goes first.
  local at = (start <= round and now - EARLY_MS or now) - 1 + start % 1000 / 1000
  redis.call('ZADD', queue, string.format('%.3f', at), tag .. id)
end

-- Lets the tenant's next run in; without one it has no turn, and without any turn all is as before.
local function follow_turn(tenant, round, last, now)
  local held = held_of(tenant)
  while true do
    local id = redis.call('ZPOPMIN', held)[1]
    if not id then
      break
    end
    if redis.call('HGET', base .. id, 'status') == 'queued' then
      give_turn(tenant, id, round, last, now)
      return
    end
  end
  redis.call('HDEL', turns, tenant)
  if redis.call('EXISTS', turns) == 0 then
    redis.call('DEL', shares)
  end
end

-- Leaves one waiting run of each tenant in the queue and holds the others; false when none waits.
local function begin_turns(now)
  local waiting = {}
  for _, job_id in ipairs(redis.call('ZRANGEBYSCORE', queue, '-inf', now)) do
    local id = is_record(job_id) and record_id(job_id)
    local state = id and redis.call('HMGET', base .. id, 'status', 'attempt', 'lane')
    if state and state[1] == 'queued' and state[2] == '0' then
      local tenant = tenant_of(state[3])
      if waiting[tenant] then
        redis.call('ZADD', held_of(tenant), redis.call('ZSCORE', queue, job_id), id)
        redis.call('ZREM', queue, job_id)
      else
        waiting[tenant] = id
      end
    end
  end
  for tenant, id in pairs(waiting) do
    redis.call('HSET', turns, tenant, id)
    redis.call('HSET', shares, 'round', 0, 'next:' .. tenant, 2)
  end
  return next(waiting) ~= nil
end

-- Makes a run of a lane's head due: in the queue, or, in its tenant's turn, behind what waits there.
make_due = function(id, lane, not_before, now)
  wake_one()
  local at = math.max(now, not_before or 0)
  if kind ~= 'run' or at > now then
    redis.call('ZADD', queue, at, tag .. id)
    return
  end
  local tenant = tenant_of(lane)
  local state = redis.call('HMGET', shares, 'sole', 'round', 'next:' .. tenant)
  local round = tonumber(state[2] or nil)
  if not round and state[1] ~= tenant then
    if state[1] and begin_turns(now) then
      redis.call('HDEL', shares, 'sole')
      redis.call('PERSIST', shares)
      round = 0
      state[3] = redis.call('HGET', shares, 'next:' .. tenant)
    else
      redis.call('HSET', shares, 'sole', tenant)
      redis.call('PEXPIRE', shares, SOLE_MS)
    end
  end
  if not round then
    redis.call('ZADD', queue, at, tag .. id)
  elseif redis.call('HEXISTS', turns, tenant) == 1 then
    redis.call('ZADD', held_of(tenant), at, id)
  else
    give_turn(tenant, id, round, tonumber(state[3] or nil), now)
  end
end

-- Notes that a waiting run is no longer one: it was claimed, or it has ended.
pass_turn = function(id, lane, now, claimed)
  local tenant = tenant_of(lane)
  local state = redis.call('HMGET', shares, 'round', 'next:' .. tenant)
  local round, last = tonumber(state[1] or nil), tonumber(state[2] or nil)
  if not round then
    return
  end
  if redis.call('HGET', turns, tenant) ~= id then
    redis.call('ZREM', held_of(tenant), id)
    return
  end
  if claimed and last and last - 1 > round then
    round = last - 1
    redis.call('HSET', shares, 'round', round)
  end
  follow_turn(tenant, round, last, now)
end

-- Lets those in whose turn was taken by a step that knows of none.
local function mend_turns(now)
  local round = tonumber(redis.call('HGET', shares, 'round') or nil)
  local all = round and redis.call('HGETALL', turns) or {}
  for i = 1, #all, 2 do
    if redis.call('HGET', base .. all[i + 1], 'status') ~= 'queued'
      or not redis.call('ZSCORE', queue, tag .. all[i + 1]) then
      follow_turn(all[i], round, tonumber(redis.call('HGET', shares, 'next:' .. all[i]) or nil), now)
    end
  end
end
