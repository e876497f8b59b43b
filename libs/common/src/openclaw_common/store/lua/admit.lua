-- admit: accepts one job, or says why not. A 2xx answer stands on this one step.
--
-- KEYS  1 queue · 2 idempotency record or '' · 3 control stream of the caller's reader or ''
-- ARGV  6 record id · 7 lane · 8 arq job (msgpack) · 9 max open jobs · 10 max jobs in the lane
--       11 fingerprint of the body · 12 delay in ms · 13 queue time limit in ms (0: none)
--       14 data of the first event · 15 the run that caused a delivery, or ''
--       16 ms of Redis' clock after which nobody waits for the answer any more, or ''
--       17 what to do while the lane is busy: '' to wait · 'reject' · 'interrupt' · 'collect'
--       collect: 18 what messages must have in common · 19 most that wait · 20 which one goes then:
--       'old' | 'new' | 'summarize' · 21 the message, a JSON object with a `line` for the summary
--       22 ms after acceptance up to which messages that come prolong the delay, 0 for none: with any
--       strategy a message joins a run whose delay is not over
--       23.. flat list of record fields
--       a run's field `account` is a JSON object: the id of an API key and its limits
-- reply {'admitted', record id, jobs ahead in the lane, ms of acceptance, ms now, standing of the key}
--       | {'replayed', record id} | {'limited', which limit, standing of the key}
--       | {'collected', record id of the run that waits and now holds the message too}
--       | {'busy', record id of the active job}
--       | {'conflict', record id} | {'full', 'queue'} | {'full', 'lane'} | {'late', ms now}
-- keeps either everything is written (record, event 1, lane, and, when the lane was idle, the arq
--       job's place in the queue with one wake token) or nothing. Sent twice with one record id it
--       answers 'admitted' or 'collected' and writes once. What a lane's jobs are interrupted for is
--       in the lane when they end. A message is collected before its run was claimed, or not at all.

local id, lane, job = ARGV[6], ARGV[7], ARGV[8]
local idempotency, control = KEYS[2], KEYS[3]
local lane_key = base .. 'lane:' .. lane

local function wake_reader()
  if control ~= '' then
    redis.call('XADD', control, 'MAXLEN', 1, '*', 'run', id)
    redis.call('PEXPIRE', control, 3600000)
  end
end

if redis.call('EXISTS', base .. id) == 1 then
  wake_reader()
  return { 'admitted', id, redis.call('LPOS', lane_key, id) or 0,
    tonumber(redis.call('HGET', base .. id, 'created_ms')), now_ms() }
end
if idempotency ~= '' then
  local known = redis.call('HMGET', idempotency, 'id', 'fingerprint')
  if known[1] then
    if known[2] == ARGV[11] then
      return { 'replayed', known[1] }
    end
    return { 'conflict', known[1] }
  end
end
local now = now_ms()
-- It lay in a frozen server's buffer, and its sender has long said that it was not accepted.
if ARGV[16] ~= '' and now > tonumber(ARGV[16]) then
  return { 'late', now }
end
local account
for i = 23, #ARGV, 2 do
  if ARGV[i] == 'account' then
    account = cjson.decode(ARGV[i + 1])
  end
end
local found = account and standing(account, now)
local broken = account and broken_limit(account, found)
if broken then
  return { 'limited', broken, unpack(standing_reply(found)) }
end
local asks = ARGV[17] ~= '' or ARGV[18] ~= ''
local busy = asks and redis.call('LLEN', lane_key) > 0
local strategy = busy and ARGV[17] or ''

local function drop_collected(key, messages)
  if ARGV[20] ~= 'old' then
    local lines = cjson.decode(redis.call('HGET', key, 'dropped_lines') or '[]')
    lines[#lines + 1] = cjson.decode(redis.call('LINDEX', messages, 0)).line
    if #lines > tonumber(ARGV[19]) then
      table.remove(lines, 1)
    end
    redis.call('HSET', key, 'dropped_lines', cjson.encode(lines))
  end
  redis.call('LPOP', messages)
  redis.call('HINCRBY', key, 'dropped', 1)
end

-- Lets a run whose delay is not over wait for what may come after this message.
local function prolong(tail, key, not_before, created)
  local due = math.min(now + tonumber(ARGV[12]), created + tonumber(ARGV[22]))
  if due > not_before then
    redis.call('HSET', key, 'not_before_ms', due)
    if redis.call('LINDEX', lane_key, 0) == tail then
      redis.call('ZADD', queue, 'XX', due, tag .. tail)
    end
  end
end

-- Puts the message to those of the run that waits last; nil when that one is something else.
local function collect()
  local tail = redis.call('LINDEX', lane_key, -1)
  local key = base .. tail
  local state = redis.call('HMGET', key, 'status', 'attempt', 'collect', 'expires_ms', 'abandon_ms',
    'collected_keys', 'not_before_ms', 'created_ms')
  local deadline = deadline_of(state[2], state[4], nil, state[5])
  if state[1] ~= 'queued' or state[2] ~= '0' or state[3] ~= ARGV[18]
    or (deadline and deadline <= now) then
    return nil
  end
  local delayed = tonumber(state[7] or '0') > now
  if strategy ~= 'collect' and not (delayed and ARGV[22] ~= '0') then
    return nil
  end
  if redis.call('HEXISTS', key, 'collected:' .. id) == 1 then
    return { 'collected', tail }
  end
  local messages = key .. ':messages'
  if redis.call('LLEN', messages) >= tonumber(ARGV[19]) then
    if strategy ~= 'collect' then
      return nil
    end
    if ARGV[20] == 'new' then
      return { 'full', 'lane' }
    end
    drop_collected(key, messages)
  end
  redis.call('RPUSH', messages, ARGV[21])
  redis.call('HSET', key, 'collected:' .. id, 1)
  if delayed and ARGV[22] ~= '0' then
    prolong(tail, key, tonumber(state[7]), tonumber(state[8]))
  end
  if account then
    charge_request(account, found, now)
  end
  if idempotency ~= '' then
    redis.call('HSET', idempotency, 'id', tail, 'fingerprint', ARGV[11])
    local known = cjson.decode(state[6] or '[]')
    known[#known + 1] = idempotency
    redis.call('HSET', key, 'collected_keys', cjson.encode(known))
  end
  return { 'collected', tail }
end

if strategy == 'reject' then
  return { 'busy', redis.call('LINDEX', lane_key, 0) }
end
local collected = busy and ARGV[18] ~= '' and collect()
if collected then
  return collected
end
local function full()
  if redis.call('ZCARD', base .. 'open') >= tonumber(ARGV[9]) then
    return 'queue'
  end
  if strategy == 'interrupt' then
    return false
  end
  return redis.call('LLEN', lane_key) >= tonumber(ARGV[10]) and 'lane'
end
-- What waits in vain must not keep others out.
if full() then
  expire_overdue(100, now)
end
if full() then
  return { 'full', full() }
end
local not_before = 0
if tonumber(ARGV[12]) > 0 then
  not_before = now + tonumber(ARGV[12])
end
local expires = 0
if tonumber(ARGV[13]) > 0 then
  expires = now + tonumber(ARGV[13])
end
local fields = { 'idempotency', idempotency }
local metadata
for i = 23, #ARGV do
  fields[#fields + 1] = ARGV[i]
  if ARGV[i] == 'metadata' and i % 2 == 1 then
    metadata = ARGV[i + 1]
  end
end
if ARGV[18] ~= '' then
  fields[#fields + 1] = 'collect'
  fields[#fields + 1] = ARGV[18]
  redis.call('RPUSH', base .. id .. ':messages', ARGV[21])
end
if strategy == 'interrupt' then
  cancel_lane(lane, 'interrupted', now)
end
for _, set in ipairs(sets_of_metadata(metadata)) do
  redis.call('ZADD', base .. set, now, id)
end
local ahead = enqueue(base, id, lane, job, not_before, expires, ARGV[14], fields, now)
if account then
  charge_request(account, found, now)
  charge_run(account, id, found)
end
if ARGV[15] ~= '' then
  belongs_to(ARGV[15], id, now)
end
if idempotency ~= '' then
  redis.call('HSET', idempotency, 'id', id, 'fingerprint', ARGV[11])
end
wake_reader()
return { 'admitted', id, ahead, now, now, unpack(account and standing_reply(found) or {}) }
