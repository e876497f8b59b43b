-- list: a page of jobs out of a sorted set of them, newest first or the other way round.
--
-- KEYS  1 queue
-- ARGV  6 end of the set's key (`index`, `dead`, `of:<run_id>`) · 7 score and 8 member of the job
--       behind which to begin, or '' · 9 '1' towards newer jobs · 10 jobs wanted · 11 jobs looked at
--       at most · 12 lowest and 13 highest score · 14.. flat list of record field, value wanted; of
--       several values of one field any will do. Names that are no fields: `tried` is '1' after a
--       failed try, `of_hook` '1' for a hook's run, `error_code` the error's code, and
--       `metadata:<name>` that metadata.
-- reply {'1' when there may be more, last id looked at or '', its score, id, score …}
-- keeps a filter that matches little costs no more than one that matches all. Reads only.

local set = base .. ARGV[6]
local from, member, newer = tonumber(ARGV[7]), ARGV[8], ARGV[9] == '1'
local wanted, most = tonumber(ARGV[10]), tonumber(ARGV[11])
local low, high = ARGV[12], ARGV[13]
if from and newer then
  low = math.max(from, tonumber(low) or -math.huge)
elseif from then
  high = math.min(from, tonumber(high) or math.huge)
end

local function value_of(key, name)
  if name == 'tried' then
    return (tonumber(redis.call('HGET', key, 'tries') or '0') > 0) and '1' or '0'
  elseif name == 'of_hook' then
    return redis.call('HGET', key, 'source') == 'hook' and '1' or '0'
  elseif name == 'error_code' then
    local known, error = pcall(cjson.decode, redis.call('HGET', key, 'error') or '{}')
    return known and error.code
  elseif string.sub(name, 1, 9) == 'metadata:' then
    local known, metadata = pcall(cjson.decode, redis.call('HGET', key, 'metadata') or '{}')
    return known and metadata[string.sub(name, 10)]
  end
  return redis.call('HGET', key, name) or (name == 'tenant' and '')
end

local wanted_of = {}
for i = 14, #ARGV, 2 do
  wanted_of[ARGV[i]] = wanted_of[ARGV[i]] or {}
  wanted_of[ARGV[i]][ARGV[i + 1]] = true
end

local function matches(id)
  local key = base .. id
  if redis.call('EXISTS', key) == 0 then
    return false
  end
  for name, values in pairs(wanted_of) do
    if not values[value_of(key, name) or false] then
      return false
    end
  end
  return true
end

local function is_behind(id, score)
  if not from or score ~= from then
    return true
  elseif newer then
    return id > member
  end
  return id < member
end

local found, looked, offset, last, last_score = {}, 0, 0, '', '0'
while true do
  local batch
  if newer then
    batch = redis.call('ZRANGE', set, low, high, 'BYSCORE', 'LIMIT', offset, 100, 'WITHSCORES')
  else
    batch = redis.call('ZRANGE', set, high, low, 'BYSCORE', 'REV', 'LIMIT', offset, 100, 'WITHSCORES')
  end
  if #batch == 0 then
    return { '0', last, last_score, unpack(found) }
  end
  for i = 1, #batch, 2 do
    local id, score = batch[i], batch[i + 1]
    if is_behind(id, tonumber(score)) then
      if looked >= most or #found >= 2 * wanted then
        return { '1', last, last_score, unpack(found) }
      end
      looked, last, last_score = looked + 1, id, score
      if matches(id) then
        found[#found + 1] = id
        found[#found + 1] = score
      end
    end
  end
  offset = offset + #batch / 2
end
