-- receiver_cursor: notes how far an account's messages are durable.
--
-- KEYS  1 record of the account
-- ARGV  1 process · 2 fence · 3 cursor
-- reply 1 | 0 when another process receives for the account
-- keeps only the holder moves the cursor.

local state = redis.call('HMGET', KEYS[1], 'holder', 'fence')
if state[1] ~= ARGV[1] or state[2] ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'cursor', ARGV[3])
return 1
