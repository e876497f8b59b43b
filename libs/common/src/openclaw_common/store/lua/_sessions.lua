-- Sessions, as the steps write them that do. Part of every step.

-- Notes when a session was last written, and forgets those that are gone by now.
local function note_session(session_key, keep_ms, now)
  local sessions = cell .. 'sessions'
  redis.call('ZADD', sessions, now, session_key)
  redis.call('ZREMRANGEBYSCORE', sessions, '-inf', now - keep_ms)
  redis.call('PEXPIRE', sessions, keep_ms)
  if tenant_of(session_key) ~= '' then
    redis.call('SET', cell .. 'tenant:' .. tenant_of(session_key), 1, 'PX', keep_ms)
  end
end

-- Changes a session by ARGV[at] onwards:
--   retention in ms · most messages kept · agent id · the revision that was read or '' · a mark of
--   this write alone · '1' for a new epoch · its model or '' · '1' for a user's doing · how many of
--   the oldest messages go · how many come in front, those, then those to append
-- Answers 'written', also when this write was made before, or 'moved': the session is another one.
local function write_session(session, transcript, id, at, now)
  local state = redis.call('HMGET', session, 'revision', 'mark')
  local mark = ARGV[at + 4]
  if state[2] == mark then
    return 'written'
  end
  if ARGV[at + 3] ~= '' and tonumber(ARGV[at + 3]) ~= tonumber(state[1] or '0') then
    return 'moved'
  end
  redis.call('HSETNX', session, 'created_ms', now)
  redis.call('HSETNX', session, 'epoch', 1)
  if ARGV[at + 5] == '1' then
    redis.call('DEL', transcript)
    redis.call('HINCRBY', session, 'epoch', 1)
    redis.call('HSET', session, 'started_ms', now, 'first', 1)
    redis.call('HDEL', session, 'model')
    if ARGV[at + 6] ~= '' then
      redis.call('HSET', session, 'model', ARGV[at + 6])
    end
  end
  redis.call('HSETNX', session, 'started_ms', redis.call('HGET', session, 'created_ms'))
  local dropped = math.min(tonumber(ARGV[at + 8]), redis.call('LLEN', transcript))
  redis.call('LTRIM', transcript, ARGV[at + 8], -1)
  local tail = at + 10 + tonumber(ARGV[at + 9])
  for i = tail - 1, at + 10, -1 do
    redis.call('LPUSH', transcript, ARGV[i])
  end
  for i = tail, #ARGV do
    redis.call('RPUSH', transcript, ARGV[i])
  end
  -- A message keeps its number whatever goes or comes in front of it.
  local excess = math.max(0, redis.call('LLEN', transcript) - tonumber(ARGV[at + 1]))
  redis.call('LTRIM', transcript, excess, -1)
  redis.call('HSETNX', session, 'first', 1)
  redis.call('HINCRBY', session, 'first', dropped - tonumber(ARGV[at + 9]) + excess)
  redis.call('HINCRBY', session, 'revision', 1)
  redis.call('HSET', session, 'agent_id', ARGV[at + 2], 'updated_ms', now, 'last_run_id', id,
    'mark', mark, 'messages', redis.call('LLEN', transcript))
  note_session(string.sub(session, #cell + 9), tonumber(ARGV[at]), now)
  if ARGV[at + 7] == '1' then
    redis.call('HSET', session, 'user_ms', now)
  end
  redis.call('PEXPIRE', session, ARGV[at])
  redis.call('PEXPIRE', transcript, ARGV[at])
  return 'written'
end
