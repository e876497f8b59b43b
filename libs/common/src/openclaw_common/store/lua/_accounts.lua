-- The limits of API keys, over the whole fleet. Part of every step of a queue.
--
-- A run that counts against a key's limits carries them in its record, in `account`. Its key's set of
-- open runs holds it with 0 while it waits and with 1 while it is in progress, changed by whatever
-- changes the status. Runs beyond the runs in progress are parked when they are claimed, and one comes
-- back into the queue whenever one of the key's leaves off.

local MINUTE_S, DAY_MS = 60, 86400000

local function open_of(account)
  return base .. 'of-key:' .. account.id
end

local function parked_of(account)
  return base .. 'parked:' .. account.id
end

local function usage_of(account)
  return cell .. 'api-key-usage:' .. account.id
end

local function limit(account, name)
  return type(account[name]) == 'number' and account[name] or nil
end

-- How a key stands: what was used of each limit, and in how many ms that is forgotten.
local function standing(account, now)
  local second, day = math.floor(now / 1000), math.floor(now / DAY_MS)
  local found = { requests = 0, tokens = 0, gone = {} }
  local oldest, newest
  local flat = redis.call('HGETALL', usage_of(account))
  for i = 1, #flat, 2 do
    local at = tonumber(flat[i])
    if at and at <= second - MINUTE_S then
      found.gone[#found.gone + 1] = flat[i]
    elseif at then
      found.requests = found.requests + tonumber(flat[i + 1])
      oldest, newest = math.min(oldest or at, at), math.max(newest or at, at)
    elseif flat[i] == 'tokens:' .. day then
      found.tokens = tonumber(flat[i + 1])
    else
      found.gone[#found.gone + 1] = flat[i]
    end
  end
  found.reset_requests = newest and (newest + MINUTE_S) * 1000 - now or 0
  found.retry = oldest and (oldest + MINUTE_S) * 1000 - now or 0
  found.reset_tokens = (day + 1) * DAY_MS - now
  found.queued = redis.call('ZCOUNT', open_of(account), 0, 0)
  found.in_progress = redis.call('ZCOUNT', open_of(account), 1, 1)
  return found
end

-- The limit that one more run would break, or nil.
local function broken_limit(account, found)
  for _, name in ipairs({ 'requests', 'tokens', 'queued' }) do
    local most = limit(account, name)
    if most and found[name] >= most then
      return name
    end
  end
end

local function standing_reply(found)
  return { found.requests, found.tokens, found.in_progress, found.queued, found.reset_requests,
    found.reset_tokens, found.retry }
end

local function charge_request(account, found, now)
  local usage = usage_of(account)
  redis.call('HINCRBY', usage, math.floor(now / 1000), 1)
  if #found.gone > 0 then
    redis.call('HDEL', usage, unpack(found.gone))
  end
  redis.call('PEXPIRE', usage, DAY_MS)
  found.requests = found.requests + 1
  found.reset_requests = MINUTE_S * 1000
end

local function charge_run(account, id, found)
  redis.call('ZADD', open_of(account), 0, id)
  found.queued = found.queued + 1
end

-- One of the key's runs has left off: the one that is parked for longest may try again.
local function unpark(account, now)
  while true do
    local id = redis.call('ZPOPMIN', parked_of(account))[1]
    if not id then
      return
    end
    local state = redis.call('HMGET', base .. id, 'status', 'lane')
    if state[1] == 'queued' then
      make_due(id, state[2], 0, now)
      return
    end
  end
end

-- Whether a run that was about to begin has to wait for another of its key to leave off.
local function park(account, id, now)
  local most = limit(account, 'in_progress')
  if not most or redis.call('ZCOUNT', open_of(account), 1, 1) < most then
    return false
  end
  redis.call('ZADD', parked_of(account), redis.call('HGET', base .. id, 'created_ms'), id)
  redis.call('ZREM', queue, tag .. id)
  return true
end

local function note_begun(account, id)
  redis.call('ZADD', open_of(account), 1, id)
end

-- A run was handed back: it waits again.
note_waiting = function(encoded, id, now)
  if encoded then
    local account = cjson.decode(encoded)
    redis.call('ZADD', open_of(account), 'XX', 0, id)
    unpark(account, now)
  end
end

-- A run has ended, having used so many tokens.
settle_account = function(encoded, id, tokens, now)
  local account = cjson.decode(encoded)
  redis.call('ZREM', open_of(account), id)
  redis.call('ZREM', parked_of(account), id)
  if tokens > 0 then
    redis.call('HINCRBY', usage_of(account), 'tokens:' .. math.floor(now / DAY_MS), tokens)
    redis.call('PEXPIRE', usage_of(account), DAY_MS)
  end
  unpark(account, now)
end
