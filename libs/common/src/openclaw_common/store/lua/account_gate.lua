-- account_gate: says whether an account may be used, and by whom it is tried again after a rest.
--
-- KEYS  1 rest of the account
-- ARGV  1 delivery id · 2 ms that trying may take
-- reply {'open'} | {'probe'} | {'resting', ms left, error as JSON}
-- keeps after a rest one delivery at a time tries the account; the others wait for what it finds.

local state = redis.call('HMGET', KEYS[1], 'until_ms', 'error', 'probe_until_ms', 'probe')
if not state[1] then
  return { 'open' }
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if tonumber(state[1]) > now then
  return { 'resting', tonumber(state[1]) - now, state[2] }
end
if state[4] and state[4] ~= ARGV[1] and tonumber(state[3]) > now then
  return { 'resting', tonumber(state[3]) - now, state[2] }
end
redis.call('HSET', KEYS[1], 'probe', ARGV[1], 'probe_until_ms', now + tonumber(ARGV[2]))
return { 'probe' }
