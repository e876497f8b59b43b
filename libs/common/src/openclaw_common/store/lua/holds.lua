-- holds: whether this cell has anything of a session, which then stays here.
--
-- KEYS  1 queue
-- ARGV  6 session · 7 over how many cells the caller spreads lanes
-- reply {over how many cells lanes are spread, as far as it is known here, 1 or 0}
-- keeps a larger number is noted first, so that who knows of fewer cells begins nothing here afterwards.

local known = tonumber(redis.call('GET', cell .. 'cells') or '1')
if tonumber(ARGV[7]) > known then
  redis.call('SET', cell .. 'cells', ARGV[7])
end
return { math.max(known, tonumber(ARGV[7])), holds(ARGV[6]) and 1 or 0 }
