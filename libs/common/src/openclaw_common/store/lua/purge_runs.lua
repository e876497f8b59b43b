-- purge_runs: takes away ended runs of a session, and all that belongs to them.
--
-- KEYS  1 queue
-- ARGV  6 session key · 7 ms of the last acceptance that is meant · 8 runs to pass over · 9 most runs
-- reply {runs taken away, runs left because they have not ended}
-- keeps a delivery that is still on its way is sent; it is kept as long as any other. One in another cell
--       is taken away there when it hears of it (`arrive`).

local set = base .. 'by:session:' .. ARGV[6]
local deliveries = cell .. 'delivery:'

local function purge(id)
  local state = redis.call('HMGET', base .. id, 'lane', 'status', 'metadata')
  if state[2] and not TERMINAL[state[2]] then
    return false
  end
  if state[2] then
    local sets, entry = sets_of(state[1], state[2], state[3]), aging_entry(id, state[1], state[2], state[3])
    local under_way = false
    for _, delivery in ipairs(redis.call('ZRANGE', deliveries .. 'of:' .. id, 0, -1)) do
      local status = redis.call('HGET', deliveries .. delivery, 'status')
      if '{' .. cell_of(delivery) .. '}' ~= tag then
        send_to(cell_of(delivery), 'kind', 'purge', 'id', delivery, 'run_id', id)
      elseif status and not TERMINAL[status] then
        under_way = true
      else
        take_away(deliveries, delivery, delivery)
      end
    end
    if not under_way then
      redis.call('DEL', deliveries .. 'of:' .. id)
    end
    take_away(base, id, entry)
    redis.call('DEL', cell .. 'trace:' .. id)
    for _, of in ipairs(sets) do
      redis.call('ZREM', base .. of, id)
    end
  end
  redis.call('ZREM', set, id)
  return true
end

local purged, left = 0, 0
for _, id in ipairs(redis.call('ZRANGE', set, '-inf', ARGV[7], 'BYSCORE', 'LIMIT', ARGV[8], ARGV[9])) do
  if purge(id) then
    purged = purged + 1
  else
    left = left + 1
  end
end
return { purged, left }
