-- pace_spare: asks whether a platform's rates have room for what is not a delivery.
--
-- KEYS  1 freeze of the account · 2 freeze of the destination · 3.. one key per rate
-- ARGV  per rate: ms between two parts, parts at once, '1' to take one
-- reply 1 | 0
-- keeps it never waits and leaves a part's room behind: a rate with a burst keeps one of it, one
--       without is used only when nothing counts against it. All are taken from, or none.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
for i = 1, 2 do
  if tonumber(redis.call('GET', KEYS[i]) or '0') > now then
    return 0
  end
end
local taken = {}
for i = 3, #KEYS do
  local interval, burst = tonumber(ARGV[3 * i - 8]), tonumber(ARGV[3 * i - 7])
  local full = math.max(now, tonumber(redis.call('GET', KEYS[i]) or '0'))
  if full - now > math.max(0, burst - 2) * interval then
    return 0
  end
  if ARGV[3 * i - 6] == '1' then
    taken[#taken + 1] = { KEYS[i], full + interval }
  end
end
for _, rate in ipairs(taken) do
  redis.call('SET', rate[1], string.format('%.3f', rate[2]), 'PX', math.ceil(rate[2] - now) + 1000)
end
return 1
