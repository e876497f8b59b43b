-- revoke_api_key: makes an API key useless.
--
-- KEYS  1 keys · 2 digests · 3 revision
-- ARGV  1 id · 2 the revoked key, JSON · 3 its digest
-- reply 1 | 0 when it was revoked before, or is not there
-- keeps the first revocation's time; every replica learns of it by the revision.

local id, text, digest = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HDEL', KEYS[2], digest) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], id, text)
redis.call('INCR', KEYS[3])
return 1
