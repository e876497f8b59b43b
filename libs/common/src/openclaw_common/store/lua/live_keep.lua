-- live_keep: says when an entry that was taken is due again, or that it is shown no more.
--
-- KEYS  1 live runs · 2 live record · 3 run record
-- ARGV  1 member · 2 the due time that was taken · 3 ms until it is due again, '' for no more
--       4 ms that a request to the platform may take, '' for none · 5 '1' only while the run works
--       6 ms for which the record is to be kept at least, '' as it is · 7.. record fields
-- reply the due time that stands there now | '' when it is no longer this taker's
-- keeps before the platform is asked for a preview, that is written down; once the run's delivery has
--       taken the preview over, nobody else is to touch it.

if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return ''
end
local is_preview = string.sub(ARGV[1], 1, 8) == 'preview:'
if is_preview and redis.call('HEXISTS', KEYS[2], 'adopted') == 1 then
  return ''
end
if ARGV[5] == '1' then
  local status = redis.call('HGET', KEYS[3], 'status')
  if status ~= 'in_progress' and status ~= 'queued' then
    return ''
  end
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  if is_preview then
    redis.call('HDEL', KEYS[2], 'preview', 'message_id', 'busy_until_ms')
  end
  return ARGV[2]
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  return ''
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local due = string.format('%.0f', now + tonumber(ARGV[3]))
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[2], 'busy_until_ms', now + tonumber(ARGV[4]))
  redis.call('HSETNX', KEYS[2], 'asked_ms', now)
elseif is_preview then
  redis.call('HDEL', KEYS[2], 'busy_until_ms')
end
if #ARGV > 6 then
  redis.call('HSET', KEYS[2], unpack(ARGV, 7))
end
if ARGV[6] ~= '' and redis.call('PTTL', KEYS[2]) < tonumber(ARGV[6]) then
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
redis.call('ZADD', KEYS[1], due, ARGV[1])
return due
