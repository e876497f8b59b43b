-- forget: takes a job out of the dead letters; its record is kept as that of any ended job.
--
-- KEYS  1 queue
-- ARGV  6 record id
-- reply 1 | 0 when it is no dead letter
-- keeps the record is found for as long as that of any job that ended now.

local id = ARGV[6]
if redis.call('ZREM', base .. 'dead', id) == 0 then
  return 0
end
local key = base .. id
if redis.call('PTTL', key) > retention_ms then
  redis.call('PEXPIRE', key, retention_ms)
  age_until(id, now_ms() + retention_ms)
end
if redis.call('PTTL', key .. ':events') > stream_retention_ms then
  redis.call('PEXPIRE', key .. ':events', stream_retention_ms)
end
return 1
