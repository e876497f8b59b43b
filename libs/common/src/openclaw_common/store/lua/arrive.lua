-- arrive: takes in what another cell has laid down in its outbox for this one.
--
-- KEYS  1 queue of runs
-- ARGV  6 the outbox, as `<cell it is in>:<cell it is for>` · 7 ms and 8 number of the entry there
--       9.. flat list of the entry's fields
--       kind: 'delivery' with id, lane, job, run_id, fields | 'run' with id, lane, job, fields, expires,
--       reads | 'event' with session, agent, text, wake, keep, keep_ms | 'purge' of a delivery with id, run_id
-- reply 'arrived' | 'known' when it, or a later one, was taken in before
-- keeps entries of one outbox are taken in once and in their order, however many processes bring them
--       and however long one of them was frozen: an entry that is not later than the last one is refused.

local arrived = cell .. 'arrived'
local last = redis.call('HGET', arrived, ARGV[6])
if last then
  local ms, number = string.match(last, '^(%d+)%-(%d+)$')
  ms, number = tonumber(ms), tonumber(number)
  if tonumber(ARGV[7]) < ms or (tonumber(ARGV[7]) == ms and tonumber(ARGV[8]) <= number) then
    return 'known'
  end
end
local entry = {}
for i = 9, #ARGV, 2 do
  entry[ARGV[i]] = ARGV[i + 1]
end
local now = now_ms()
redis.call('HSET', arrived, ARGV[6], ARGV[7] .. '-' .. ARGV[8])
if entry.kind == 'delivery' then
  add_delivery(entry.id, entry.lane, entry.job, entry.run_id, cjson.decode(entry.fields), now)
elseif entry.kind == 'run' then
  local nothing_to_read = entry.reads ~= ''
    and redis.call('XLEN', cell .. 'system-events:' .. entry.reads) == 0
  if not nothing_to_read and redis.call('EXISTS', base .. entry.id) == 0 then
    local wait_ms = tonumber(entry.queue_timeout_ms)
    enqueue(base, entry.id, entry.lane, entry.job, 0, wait_ms > 0 and now + wait_ms or 0, '{}',
      cjson.decode(entry.fields), now)
  end
elseif entry.kind == 'purge' then
  local jobs = cell .. 'delivery:'
  local status = redis.call('HGET', jobs .. entry.id, 'status')
  if status and TERMINAL[status] then
    take_away(jobs, entry.id, entry.id)
    redis.call('ZREM', jobs .. 'of:' .. entry.run_id, entry.id)
  end
else
  push_system_event(entry.session, entry.agent, entry.text, entry.wake == '1', entry.keep,
    entry.keep_ms, now)
end
return 'arrived'
