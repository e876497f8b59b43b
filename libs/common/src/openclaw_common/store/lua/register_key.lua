-- register_key: says in which cell the job of an idempotency key is, where its lane is another cell's.
--
-- KEYS  1 queue · 2 idempotency record
-- ARGV  6 fingerprint · 7 number of the cell that the job would be in · 8 ms to keep the record
--       9 number of a cell that has no such job · 10 ms after which a job that is not there never will be
-- reply {'registered'} | {'conflict'} | {'replayed', id} for a job of this very cell
--       | {'elsewhere', number of the cell} where the job is, or is about to be
-- keeps a key stands for one body and one cell over the fleet. What was registered by somebody who did
--       not get as far as the job is taken over only after nobody can accept it any more.

local record = KEYS[2]
local known = redis.call('HMGET', record, 'id', 'fingerprint', 'cell', 'registered_ms')
local now = now_ms()
if known[2] and known[2] ~= ARGV[6] then
  return { 'conflict' }
end
if known[1] and known[1] ~= '' then
  return { 'replayed', known[1] }
end
if known[3] and known[3] ~= ARGV[7] then
  if known[3] ~= ARGV[9] or now - tonumber(known[4]) < tonumber(ARGV[10]) then
    return { 'elsewhere', known[3] }
  end
end
if '{c' .. ARGV[7] .. '}' == tag then
  redis.call('DEL', record)
elseif known[3] ~= ARGV[7] then
  redis.call('HSET', record, 'id', '', 'fingerprint', ARGV[6], 'cell', ARGV[7], 'registered_ms', now)
  redis.call('PEXPIRE', record, ARGV[8])
end
return { 'registered' }
