-- receivers_keep: prolongs the accounts that a process receives for, and gives it those that are free.
--
-- KEYS  1 processes · 2 holders · then one record for each account
-- ARGV  1 process · 2 lease in ms · then for each account its name, and the fence under which it is
--       held, or ''
-- reply {share, account...}: how many of the accounts one process is to hold; an account is
--       {'kept'} | {'lost'} | {'taken', fence, cursor or ''} | {'free'} | {'held', ms of its lease left}
-- keeps an account has one holder, and each taking raises its fence, so that the cursor of an older
--       holder is refused. Processes that went silent do not count for the share.

local process, lease_ms = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZADD', KEYS[1], now, process)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lease_ms)
redis.call('PEXPIRE', KEYS[1], lease_ms)
local accounts = #KEYS - 2
local share = math.ceil(accounts / redis.call('ZCARD', KEYS[1]))
local held, states = 0, {}
for i = 1, accounts do
  local fence = ARGV[2 + 2 * i]
  local state = redis.call('HMGET', KEYS[2 + i], 'holder', 'fence', 'until_ms')
  local mine = fence ~= '' and state[1] == process and state[2] == fence
  states[i] = { mine = mine, was = fence ~= '', holder = state[1] or '',
    left = (tonumber(state[3]) or 0) - now }
  if mine then
    held = held + 1
  end
end
local reply = { share }
for i = 1, accounts do
  local state, record, name = states[i], KEYS[2 + i], ARGV[1 + 2 * i]
  if state.mine then
    redis.call('HSET', record, 'until_ms', now + lease_ms)
    reply[#reply + 1] = { 'kept' }
  elseif state.was then
    reply[#reply + 1] = { 'lost' }
  elseif state.holder ~= '' and state.holder ~= process and state.left > 0 then
    reply[#reply + 1] = { 'held', state.left }
  elseif held < share then
    held = held + 1
    local fence = redis.call('HINCRBY', record, 'fence', 1)
    redis.call('HSET', record, 'holder', process, 'until_ms', now + lease_ms)
    redis.call('HSET', KEYS[2], name, process)
    reply[#reply + 1] = { 'taken', fence, redis.call('HGET', record, 'cursor') or '' }
  else
    reply[#reply + 1] = { 'free' }
  end
end
return reply
