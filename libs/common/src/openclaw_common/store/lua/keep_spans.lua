-- keep_spans: adds ended spans to the traces of runs.
--
-- KEYS  the traces of one cell
-- ARGV  1 most bytes of one trace · 2 ms it is kept after its last span · then one text of encoded
--       spans for each key
-- reply number of traces that had no room
-- keeps a trace is a whole number of messages and never larger than its bound. Sent twice it holds
--       its spans twice, which whoever reads it tells by their ids.

local most, keep_ms = tonumber(ARGV[1]), ARGV[2]
local full = 0
for i, key in ipairs(KEYS) do
  local spans = ARGV[i + 2]
  local kept = redis.call('STRLEN', key)
  if kept + #spans > most then
    full = full + 1
  elseif kept == 0 then
    redis.call('SET', key, spans, 'PX', keep_ms)
  else
    redis.call('APPEND', key, spans)
    -- To within a hundredth: each expiry that is set is written to the append-only file as well.
    if redis.call('PTTL', key) < 0.99 * keep_ms then redis.call('PEXPIRE', key, keep_ms) end
  end
end
return full
