-- pairing_approve: lets the sender in who was given a code.
--
-- KEYS  1 requests · 2 pairings
-- ARGV  1 what the names of the channel's accounts begin with · 2 code
-- reply the pairing, a JSON object | false where nobody has the code, or had it too long ago
-- keeps a code lets one sender in, on the account that gave it.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local request = cjson.decode(all[i + 1])
  if request.code == ARGV[2] and request.expires_ms > now
    and string.sub(request.account, 1, #ARGV[1]) == ARGV[1] then
    request.code, request.expires_ms, request.approved_ms = nil, nil, now
    local text = cjson.encode(request)
    redis.call('HSET', KEYS[2], all[i], text)
    redis.call('HDEL', KEYS[1], all[i])
    return text
  end
end
return false
