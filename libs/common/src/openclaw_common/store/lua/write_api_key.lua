-- write_api_key: keeps a new API key.
--
-- KEYS  1 keys · 2 digests · 3 revision
-- ARGV  1 id · 2 the key, JSON · 3 its digest · 4 most keys · 5 ms for which a key that is over is kept
-- reply 'written', also when it was written before | 'full'
-- keeps a key is found by its digest or is not there, and every replica learns of it by the revision.

local id, text, digest = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HEXISTS', KEYS[1], id) == 1 then
  return 'written'
end
local time = redis.call('TIME')
local long_ago = tonumber(time[1]) * 1000 - tonumber(ARGV[5])
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local key = cjson.decode(all[i + 1])
    local over = tonumber(key.revoked_ms) or tonumber(key.expires_ms)
    if over and over < long_ago then
      redis.call('HDEL', KEYS[1], all[i])
      redis.call('HDEL', KEYS[2], key.digest)
    end
  end
end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return 'full'
end
redis.call('HSET', KEYS[1], id, text)
redis.call('HSET', KEYS[2], digest, id)
redis.call('INCR', KEYS[3])
return 'written'
