-- list: a page of jobs out of a sorted set of them, newest first or the other way round.
--
-- KEYS  1 queue
-- ARGV  6 end of the set's key (`index`, `dead`, `of:<run_id>`) · 7 score and 8 member of the job
--       behind which to begin, or '' · 9 '1' towards newer jobs · 10 jobs wanted · 11 jobs looked at
--       at most · 12 lowest and 13 highest score · 14.. flat list of record field, value wanted
--       Two names are no fields: `tried` is '1' after a failed try, `error_code` the error's code.
-- reply {'1' when there may be more, last id looked at or '', its score, id, score …}
-- keeps a filter that matches little costs no more than one that matches all. Reads only.

local set = base .. ARGV[6]
local from, member, newer = tonumber(ARGV[7]), ARGV[8], ARGV[9] == '1'
local wanted, most = tonumber(ARGV[10]), tonumber(ARGV[11])
local low, high = ARGV[12], ARGV[13]
if from and newer then
  low = ARGV[7]
elseif from then
  high = ARGV[7]
end

local function value_of(key, name)
  if name == 'tried' then
    return (tonumber(redis.call('HGET', key, 'tries') or '0') > 0) and '1' or '0'
  elseif name == 'error_code' then
    local known, error = pcall(cjson.decode, redis.call('HGET', key, 'error') or '{}')
    return known and error.code
  end
  return redis.call('HGET', key, name)
end

local function matches(id)
  local key = base .. id
  if redis.call('EXISTS', key) == 0 then
    return false
  end
  for i = 14, #ARGV, 2 do
    if value_of(key, ARGV[i]) ~= ARGV[i + 1] then
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
