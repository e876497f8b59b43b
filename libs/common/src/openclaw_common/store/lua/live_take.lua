-- live_take: takes what is due among the runs that are shown, for a moment.
--
-- KEYS  1 live runs
-- ARGV  1 what every key of the cell starts with · 2 most entries · 3 ms for which they are taken
-- reply {ms until the next is due or -1, entries}; an entry is a list of: member, the due time that
--       stands there now, destination, message that is answered, '1' when its time is over, run status
--       or '', state of the preview or '', its message id or '', failures of the indicator in a row,
--       '1' while a delivery that the run caused is open, ms since a preview was asked for first
-- keeps an entry has one taker; one that dies leaves it to the next after that moment. An indicator of
--       a run that has ended, and what has no record any more, is dropped.

local cell = ARGV[1]
local ENDED = { completed = true, failed = true, cancelled = true, expired = true }
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function awaits_delivery(id)
  for _, delivery in ipairs(redis.call('ZRANGE', cell .. 'delivery:of:' .. id, -10, -1)) do
    local status = redis.call('HGET', cell .. 'delivery:' .. delivery, 'status')
    if status == 'queued' or status == 'in_progress' then
      return true
    end
  end
  return false
end

local taken = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local sort, id = string.match(member, '^(%a+):(.+)$')
  local record = redis.call('HMGET', cell .. 'live:run:' .. id, 'destination', 'reply_to', 'until_ms',
    'preview', 'message_id', 'failures', 'asked_ms')
  local status = redis.call('HGET', cell .. 'run:' .. id, 'status') or 'failed'
  local over = record[1] and now > tonumber(record[3])
  if not record[1] or (sort == 'typing' and (over or ENDED[status])) then
    redis.call('ZREM', KEYS[1], member)
  else
    local open = sort == 'preview' and ENDED[status] and awaits_delivery(id)
    local due = string.format('%.0f', now + tonumber(ARGV[3]))
    redis.call('ZADD', KEYS[1], due, member)
    taken[#taken + 1] = { member, due, record[1], record[2] or '', over and '1' or '', status,
      record[4] or '', record[5] or '', record[6] or '0', open and '1' or '',
      string.format('%.0f', now - (tonumber(record[7]) or now)) }
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { first[2] and math.max(0, tonumber(first[2]) - now) or -1, taken }
