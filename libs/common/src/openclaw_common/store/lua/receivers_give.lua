-- receivers_give: gives accounts back that a process receives for.
--
-- KEYS  1 processes · then one record for each account
-- ARGV  1 process · 2 '1' when the process is gone · then for each account its fence, or '' for any
-- reply how many were given back
-- keeps what another process holds by now stays its own.

local given = 0
for i = 2, #KEYS do
  local state = redis.call('HMGET', KEYS[i], 'holder', 'fence')
  if state[1] == ARGV[1] and (ARGV[i + 1] == '' or ARGV[i + 1] == state[2]) then
    redis.call('HSET', KEYS[i], 'holder', '', 'until_ms', 0)
    given = given + 1
  end
end
if ARGV[2] == '1' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return given
