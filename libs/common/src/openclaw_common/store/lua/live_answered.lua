-- live_answered: notes what the platform said to a request for a preview.
--
-- KEYS  1 live record
-- ARGV  1 'shown', 'sending' or 'none' · 2 message id or ''
-- reply 1 | 0 when the record is gone
-- keeps it counts also when the run's delivery has taken the preview over meanwhile, which waits for it.

if redis.call('HEXISTS', KEYS[1], 'preview') == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'preview', ARGV[1])
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'message_id', ARGV[2])
end
redis.call('HDEL', KEYS[1], 'busy_until_ms', ARGV[1] == 'none' and 'asked_ms' or 'busy_until_ms')
return 1
