-- admit: accepts one job, or says why not. A 2xx answer stands on this one step.
--
-- KEYS  1 queue · 2 idempotency record or '' · 3 control stream of the caller's reader or ''
-- ARGV  6 record id · 7 lane · 8 arq job (msgpack) · 9 max open jobs · 10 max jobs in the lane
--       11 fingerprint of the body · 12 delay in ms · 13 queue time limit in ms (0: none)
--       14 data of the first event · 15 the run that caused a delivery, or ''
--       16 ms of Redis' clock after which nobody waits for the answer any more, or ''
--       17.. flat list of record fields
-- reply {'admitted', record id, jobs ahead in the lane, ms of acceptance, ms now} | {'replayed', record id}
--       | {'conflict', record id} | {'full', 'queue'} | {'full', 'lane'} | {'late', ms now}
-- keeps either everything is written (record, event 1, lane, and, when the lane was idle, the arq
--       job's place in the queue with one wake token) or nothing. Sent twice with one record id it
--       answers 'admitted' and writes once.

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
local function full()
  if redis.call('ZCARD', base .. 'open') >= tonumber(ARGV[9]) then
    return 'queue'
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
for i = 17, #ARGV do
  fields[#fields + 1] = ARGV[i]
end
local ahead = enqueue(base, id, lane, job, not_before, expires, ARGV[14], fields, now)
if ARGV[15] ~= '' then
  belongs_to(ARGV[15], id, now)
end
if idempotency ~= '' then
  redis.call('HSET', idempotency, 'id', id, 'fingerprint', ARGV[11])
end
wake_reader()
return { 'admitted', id, ahead, now, now }
