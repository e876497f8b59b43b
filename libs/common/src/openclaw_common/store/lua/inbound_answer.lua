-- inbound_answer: answers what came in from a chat without a run, once for all its repeats.
--
-- KEYS  1 queue · 2 mark of the event
-- ARGV  6 ms for which repeats are known · 7 session whose runs are cancelled, or '' · 8 reason
--       9 delivery id · 10 its lane · 11 its arq job · 12 JSON list of its record fields
--       13 the same where runs were cancelled · 14 deliveries that may wait in the lane, itself included
-- reply {'answered', how many runs were cancelled} | {'seen'} when it was answered before
-- keeps what a repeat would cancel is what was written since, so that the cancelling, the delivery that
--       tells of it and the mark are one step. Where as many deliveries wait it is done and not told,
--       so that nobody fills a chat by writing commands.

if redis.call('EXISTS', KEYS[2]) == 1 then
  return { 'seen' }
end
local now = now_ms()
local cancelled = ARGV[7] ~= '' and cancel_lane(ARGV[7], ARGV[8], now) or 0
local fields = cjson.decode(cancelled > 0 and ARGV[13] or ARGV[12])
local jobs = cell .. 'delivery:'
if redis.call('LLEN', jobs .. 'lane:' .. ARGV[10]) < tonumber(ARGV[14]) then
  add_delivery(ARGV[9], ARGV[10], ARGV[11], '', fields, now)
end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[6])
return { 'answered', cancelled }
