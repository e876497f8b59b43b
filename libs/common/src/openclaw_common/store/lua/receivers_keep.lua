-- receivers_keep: prolongs the accounts that a process receives for, and gives it those that are free.
--
-- KEYS  1 processes · then one record for each account
-- ARGV  1 process · 2 lease in ms · then for each account the fence under which it is held, or ''
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
local share = math.ceil((#KEYS - 1) / redis.call('ZCARD', KEYS[1]))
local held, states = 0, {}
for i = 2, #KEYS do
  local state = redis.call('HMGET', KEYS[i], 'holder', 'fence', 'until_ms')
  states[i] = state
  if ARGV[i + 1] ~= '' and state[1] == process and state[2] == ARGV[i + 1] then
    held = held + 1
  end
end
local reply = { share }
for i = 2, #KEYS do
  local holder, fence, left = states[i][1], states[i][2], (tonumber(states[i][3]) or 0) - now
  local mine = holder == process and fence == ARGV[i + 1]
  if mine then
    redis.call('HSET', KEYS[i], 'until_ms', now + lease_ms)
    reply[i] = { 'kept' }
  elseif ARGV[i + 1] ~= '' then
    reply[i] = { 'lost' }
  elseif holder and holder ~= '' and holder ~= process and left > 0 then
    reply[i] = { 'held', left }
  elseif held < share then
    held = held + 1
    local number = redis.call('HINCRBY', KEYS[i], 'fence', 1)
    redis.call('HSET', KEYS[i], 'holder', process, 'until_ms', now + lease_ms)
    reply[i] = { 'taken', number, redis.call('HGET', KEYS[i], 'cursor') or '' }
  else
    reply[i] = { 'free' }
  end
end
return reply
