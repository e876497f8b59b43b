-- pairing_ask: gives a stranger a code, with the notice that tells it.
--
-- KEYS  1 queue · 2 requests
-- ARGV  6 account · 7 sender · 8 code · 9 what is known of the sender, a JSON object · 10 ms the code
--       is valid · 11 most that may wait for one account
--       12 delivery id · 13 its lane · 14 its arq job · 15 JSON list of its record fields
-- reply 'asked' | 'known' when the sender has a code · 'full' | 'taken' when another has the code
-- keeps one code, and one notice, for a sender while the code is valid.

local now = now_ms()
local waiting = 0
local field = ARGV[6] .. '\n' .. ARGV[7]
local all = redis.call('HGETALL', KEYS[2])
local reply = nil
for i = 1, #all, 2 do
  local request = cjson.decode(all[i + 1])
  if request.expires_ms <= now then
    redis.call('HDEL', KEYS[2], all[i])
  elseif all[i] == field then
    reply = 'known'
  elseif request.code == ARGV[8] then
    reply = reply or 'taken'
  elseif request.account == ARGV[6] then
    waiting = waiting + 1
  end
end
if reply then
  return reply
end
if waiting >= tonumber(ARGV[11]) then
  return 'full'
end
local request = cjson.decode(ARGV[9])
request.account, request.sender, request.code = ARGV[6], ARGV[7], ARGV[8]
request.asked_ms, request.expires_ms = now, now + tonumber(ARGV[10])
redis.call('HSET', KEYS[2], field, cjson.encode(request))
redis.call('PEXPIRE', KEYS[2], ARGV[10])
add_delivery(ARGV[12], ARGV[13], ARGV[14], '', cjson.decode(ARGV[15]), now)
return 'asked'
