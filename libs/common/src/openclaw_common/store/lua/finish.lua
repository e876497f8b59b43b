-- finish: ends a job with its result, everything that follows from it included.
--
-- KEYS  1 queue · 2 session record or '' · 3 transcript or ''
-- ARGV  6 record id · 7 attempt · 8 status · 9 '1' for a dead letter
--       10 number of event items (type, data each), then the events · number of record field items,
--       then the fields · number of effect items, then the effects · with a session record what
--       write_session of the prelude takes
--       effect: 'delivery', id, lane, arq job, JSON list of record fields
--             | 'event', session, agent, text, '1' to wake, events kept, ms kept, cell of the session
--             | 'route', session, JSON of a destination
--             | 'read', or 'history' for a group's, session, ms and number of the first entry id after
--               those shown to the model
-- reply 'finished' | 'stale'
-- keeps the result, the terminal event, the transcript, the effects and the lane's advance are one
--       step, and only the current attempt can take it. Sent twice by that attempt it answers
--       'finished'; a job that was ended over its head (cancelled while it waited, given up) answers
--       'stale'. A session that is no longer the one that was read stays as it is, and the job ends.

local id, attempt, status = ARGV[6], ARGV[7], ARGV[8]
local key = base .. id
local state = redis.call('HMGET', key, 'status', 'attempt', 'settled_attempt')
if state[2] ~= attempt then
  return 'stale'
end
if TERMINAL[state[1]] then
  return state[3] == attempt and 'finished' or 'stale'
end
if state[1] ~= 'in_progress' then
  return 'stale'
end

local at = 11
local function take_list()
  local list = {}
  local count = tonumber(ARGV[at - 1])
  for i = at, at + count - 1 do
    list[#list + 1] = ARGV[i]
  end
  at = at + count + 1
  return list
end
local events = take_list()
local fields = take_list()
local effects = take_list()
fields[#fields + 1] = 'settled_attempt'
fields[#fields + 1] = attempt
local now = now_ms()

if KEYS[2] ~= '' then
  write_session(KEYS[2], KEYS[3], id, at - 1, now)
end
local i = 1
while effects[i] do
  local what, of, a, b, c, d, e, f = unpack(effects, i, math.min(i + 7, #effects))
  if what == 'delivery' then
    add_delivery(of, a, b, id, cjson.decode(c), now)
    i = i + 5
  elseif what == 'event' then
    tell_system_event(f, of, a, b, c == '1', d, e, now)
    i = i + 8
  elseif what == 'route' then
    local session = cell .. 'session:' .. of
    if redis.call('EXISTS', session) == 1 then
      redis.call('HSET', session, 'route', a)
    end
    i = i + 3
  else
    local shown = what == 'history' and 'inbound-history:' or 'system-events:'
    redis.call('XTRIM', cell .. shown .. of, 'MINID', a .. '-' .. b)
    i = i + 4
  end
end
terminate(id, tonumber(attempt), status, events, fields, now, ARGV[9] == '1')
return 'finished'
