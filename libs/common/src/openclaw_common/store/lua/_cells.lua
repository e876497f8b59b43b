-- In front of a step that gives a session something, where lanes are spread over several cells.
--
-- The last three arguments, which the step does not see: the session · over how many cells the caller
-- spreads lanes · '1' where the session is here only as long as the cell holds something of it.
-- reply {'cells', number} when lanes are spread over more cells than the caller knows of
--       | {'moved'} when nothing is held of the session any more: from now on it is another cell's
-- keeps a session that left this cell never comes back: whoever asked `holds` made known here over how
--       many cells lanes are spread, and from then on nobody who knows of fewer begins anything here.

local only_if_held = table.remove(ARGV) == '1'
local spread = tonumber(table.remove(ARGV))
local of_session = table.remove(ARGV)
local known = tonumber(redis.call('GET', cell .. 'cells') or '1')
if known > spread then
  return { 'cells', known }
end
if only_if_held and not holds(of_session) then
  return { 'moved' }
end
