-- pace: gives a part its turn in every rate that sending it counts against.
--
-- KEYS  1 freeze of the account · 2 freeze of the destination · 3 turns kept for this delivery
--       4.. one key per rate
-- ARGV  1 longest wait in ms that the caller waits out itself · 2 ms for which a kept turn is good
--       then per rate: ms between two parts, parts at once
-- reply {'1', ms to wait, then send} | {'0', ms after which to ask again}
-- keeps all rates are taken from, or none: a caller that is told to ask again has used nothing, but
--       its turn in the rate it waits for is kept, so that those who wait come back one after
--       another instead of all at once. Rates are those of the whole fleet, by Redis' clock.

local hold_ms, good_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

local frozen = 0
for i = 1, 2 do
  frozen = math.max(frozen, tonumber(redis.call('GET', KEYS[i]) or '0'))
end
if frozen > now then
  return { '0', string.format('%.3f', frozen - now) }
end

local rates, longest, slowest = {}, 0, nil
for i = 4, #KEYS do
  local interval, burst = tonumber(ARGV[2 * i - 5]), tonumber(ARGV[2 * i - 4])
  local turn = tonumber(redis.call('HGET', KEYS[3], KEYS[i]) or 'nil')
  -- One that was missed, or lay in a time that was frozen since, would be sent beside another's.
  local kept = turn and turn >= frozen and now - turn <= good_ms
  -- The generic cell rate algorithm: `full` is when the rate has its whole burst again.
  local full = math.max(now, tonumber(redis.call('GET', KEYS[i]) or '0'))
  local wait = kept and turn - now or full - (burst - 1) * interval - now
  rates[#rates + 1] = { key = KEYS[i], interval = interval, full = full, kept = kept }
  if wait > longest then
    longest, slowest = wait, rates[#rates]
  end
end

local function take(rate)
  local full = rate.full + rate.interval
  redis.call('SET', rate.key, string.format('%.3f', full), 'PX', math.ceil(full - now) + 1000)
end

if longest <= hold_ms then
  for _, rate in ipairs(rates) do
    if not rate.kept then
      take(rate)
    end
  end
  redis.call('DEL', KEYS[3])
  return { '1', string.format('%.3f', longest) }
end
if not slowest.kept then
  take(slowest)
  redis.call('HSET', KEYS[3], slowest.key, string.format('%.3f', now + longest))
  redis.call('PEXPIRE', KEYS[3], math.ceil(longest + good_ms) + 1000)
end
return { '0', string.format('%.3f', longest) }
