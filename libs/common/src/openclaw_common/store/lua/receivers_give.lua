-- receivers_give: gives accounts back that a process receives for.
--
-- KEYS  1 processes · 2 holders · then one record for each account
-- ARGV  1 process · 2 '1' when the process is gone · then for each account its name, and its fence or
--       '' for any
-- reply how many were given back
-- keeps what another process holds by now stays its own.

local given = 0
for i = 1, #KEYS - 2 do
  local record, name, fence = KEYS[2 + i], ARGV[1 + 2 * i], ARGV[2 + 2 * i]
  local state = redis.call('HMGET', record, 'holder', 'fence')
  if state[1] == ARGV[1] and (fence == '' or fence == state[2]) then
    redis.call('HSET', record, 'holder', '', 'until_ms', 0)
    redis.call('HDEL', KEYS[2], name)
    given = given + 1
  end
end
if ARGV[2] == '1' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return given
