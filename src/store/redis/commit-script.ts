/**
 * The script that carries out one commit. What it writes is done as a whole: Redis runs nothing beside a script, and writes what a script
 * has changed into the append-only file as one transaction. All that can fail is looked at before the first write.
 *
 * A handle numbers its commits that write. The script notes what each came to, for the last {@link maxUnderWay} of them, and the number of the
 * last one. A commit that comes again (it was sent, then the connection broke) is answered from the note. One that comes after a later one of its
 * handle, and is not noted, has changed nothing and never will: it is `overtaken`. A commit that is sent again is noted whatever it comes to, so
 * that its first copy, should it still be on its way, finds the note.
 *
 * Arguments: a header (see `encode-commit.ts`), the handle, the number of the commit and its place among the notes, then what the commit lists, in
 * the order of the counts in the header. Numbers go to and fro as text where they can: to print one is dear in Lua.
 * Answer: one byte that tells the kind; for a commit that was applied what it has come to follows (see `decode-result.ts`).
 */
import { digestInLua, digestLength } from './digest.js'
import { maxFeedMessages } from './layout.js'

/** First byte of an answer. */
export const answers = { done: 'd', conflict: 'c', fenced: 'f', overtaken: 'o', full: 'x' } as const

/** Layout of the header, in the words of Lua's `struct`: seconds to keep the note, bound of inboxes, whether it writes and is in doubt, counts. */
export const headerFormat = `>I4I4BB${'I4'.repeat(16)}`

export const commitScript = `
local call, args, pack, unpackFrom = redis.call, ARGV, struct.pack, struct.unpack
local noteSeconds, inboxLimit, isWriting, isInDoubt,
  fences, checks, appends, fresh, known, unknown, messages, removed, numbers,
  clears, opens, settlements, texts, deliveries, done, jobs = unpackFrom('${headerFormat}', args[1])
local note, number, slot = PREFIX .. 'note:' .. args[2], tonumber(args[3]), args[4]
local at = 4

if isWriting == 1 then
  local noted = call('HMGET', note, 'last', slot)
  if noted[1] and tonumber(noted[1]) >= number then
    if noted[2] and unpackFrom('>d', noted[2]) == number then return string.sub(noted[2], 9) end
    return '${answers.overtaken}'
  end
end

local function answer(reply)
  call('HSET', note, 'last', args[3], slot, pack('>d', number) .. reply)
  if noteSeconds > 0 then call('EXPIRE', note, noteSeconds) end
  return reply
end

local function refuse(reply)
  if isWriting == 1 and isInDoubt == 1 then return answer(reply) end
  return reply
end

local heads, changed = {}, {}
local function headOf(client)
  local head = heads[client]
  if head then return head end
  local bytes = call('GET', PREFIX .. 'h:' .. client)
  if bytes then
    local settledTo, releasedTo, dropped, epoch = unpackFrom('>dddd', bytes)
    head = { settledTo = settledTo, releasedTo = releasedTo, dropped = dropped, epoch = epoch, holder = string.sub(bytes, 33), isThere = true }
  else
    head = { settledTo = 0, releasedTo = 0, dropped = 0, epoch = 0, holder = '', isThere = false }
  end
  heads[client] = head
  return head
end

-- settledTo and holder alone: a table for each of hundreds of inboxes is dear.
local function lookAt(client)
  local head = heads[client]
  if head then return head.settledTo, head.holder end
  local bytes = call('GET', PREFIX .. 'h:' .. client)
  if not bytes then return 0, '' end
  return (unpackFrom('>d', bytes)), string.sub(bytes, 33)
end

local function change(client, head)
  if head.isChanged then return end
  head.isChanged, head.isThere = true, true
  changed[#changed + 1] = client
end

for i = 1, fences do
  if headOf(args[at + 1]).epoch ~= tonumber(args[at + 2]) then return refuse('${answers.fenced}') end
  at = at + 2
end
for i = 1, checks do
  if call('GETRANGE', PREFIX .. 'd:' .. args[at + 1], '0', '${digestLength - 1}') ~= args[at + 2] then return refuse('${answers.conflict}') end
  at = at + 2
end
if isWriting == 0 then return '${answers.done}' end

local out, ids, feeds = { '${answers.done}' }, {}, {}
for i = 0, appends - 1 do
  local name = args[at + 3 * i + 1]
  if not feeds[name] then
    local feed = { key = PREFIX .. 'f:' .. name, id = 0, ordinal = 0 }
    local last = call('GETRANGE', feed.key, '-16', '-1')
    if last ~= '' then feed.id, feed.ordinal = unpackFrom('>dd', last) end
    -- A feed holds at most as many messages as its last id says.
    if feed.id + appends > ${maxFeedMessages} and call('STRLEN', feed.key) / 16 + appends > ${maxFeedMessages} then
      return refuse('${answers.full}')
    end
    feeds[name] = feed
  end
end

local function store(key, value)
  call('SET', PREFIX .. 'd:' .. key, value)
  call('ZADD', PREFIX .. 'keys', '0', key)
end

-- Most often the key is there already, and listed.
local function storeUnknown(key, value)
  if not call('SET', PREFIX .. 'd:' .. key, value, 'XX') then store(key, value) end
end

-- A message that has been appended is not listed.
local lastId
local function storeMessage(key, value)
  lastId = lastId or tonumber(call('GET', PREFIX .. 'id') or 0)
  if tonumber(string.sub(key, 9)) > lastId then return storeUnknown(key, value) end
  call('SET', PREFIX .. 'd:' .. key, value)
end

if appends > 0 then
  local id = (appends == 1 and call('INCR', PREFIX .. 'id') or call('INCRBY', PREFIX .. 'id', appends)) - appends
  for i = 1, appends do
    local feed = feeds[args[at + 1]]
    id = id + 1
    ids[i] = id
    local ordinal = feed.ordinal + tonumber(args[at + 2])
    local position = call('APPEND', feed.key, pack('>dd', id, ordinal)) / 16
    call('SET', PREFIX .. 'd:message/' .. string.format('%d', id), args[at + 3])
    out[#out + 1] = pack('>dddd', id, feed.id, position, ordinal)
    feed.id, feed.ordinal = id, ordinal
    at = at + 3
  end
end
for i = 1, fresh do
  store(args[at + 1], args[at + 2])
  at = at + 2
end
for i = 1, known do
  call('SET', PREFIX .. 'd:' .. args[at + 1], args[at + 2])
  at = at + 2
end
for i = 1, unknown do
  storeUnknown(args[at + 1], args[at + 2])
  at = at + 2
end
for i = 1, messages do
  storeMessage(args[at + 1], args[at + 2])
  at = at + 2
end
for i = 1, removed do
  if call('DEL', PREFIX .. 'd:' .. args[at + 1]) == 1 then call('ZREM', PREFIX .. 'keys', args[at + 1]) end
  at = at + 1
end
if numbers > 0 then
  ${digestInLua.trim()}
  for i = 1, numbers do
    local key, id = args[at + 1], string.format('%d', ids[tonumber(args[at + 2])])
    local write = string.find(key, '^message/[1-9]%d*$') and storeMessage or storeUnknown
    write(key, digestOf(id) .. id)
    at = at + 2
  end
end

for i = 1, clears do
  local client = args[at + 1]
  local head, count = headOf(client), call('LLEN', PREFIX .. 'i:' .. client)
  if head.isThere or count > 0 then
    if count > 0 then call('DEL', PREFIX .. 'i:' .. client) end
    head.settledTo = head.settledTo + count
    head.releasedTo = head.settledTo
    change(client, head)
  end
  at = at + 1
end
for i = 1, opens do
  local client, holder = args[at + 1], args[at + 2]
  local head, count = headOf(client), call('LLEN', PREFIX .. 'i:' .. client)
  head.epoch = head.epoch + 1
  out[#out + 1] = pack('>dddddI2', head.settledTo + count, head.settledTo, head.releasedTo, head.dropped, head.epoch, #head.holder) .. head.holder
  head.holder = holder
  change(client, head)
  at = at + 2
end
for i = 1, settlements do
  local client, epoch = args[at + 1], tonumber(args[at + 4])
  local head = headOf(client)
  if not epoch or epoch >= head.epoch then
    local count = call('LLEN', PREFIX .. 'i:' .. client)
    if head.isThere or count > 0 then
      local last = head.settledTo + count
      local settledTo, releasedTo = math.min(tonumber(args[at + 2]), last), math.min(tonumber(args[at + 3]), last)
      if settledTo > head.settledTo then
        call('LTRIM', PREFIX .. 'i:' .. client, settledTo - head.settledTo, -1)
        head.settledTo = settledTo
        change(client, head)
      end
      if releasedTo > head.releasedTo then
        head.releasedTo = releasedTo
        change(client, head)
      end
    end
  end
  at = at + 4
end

if deliveries > 0 then
  local strings, holders, places = at, {}, { [''] = 0 }
  local numbersOf = args[at + texts + 1]
  at = at + texts + 1
  for i = 1, deliveries do
    local client = args[at + i]
    local list = PREFIX .. 'i:' .. client
    local settledTo, holder = lookAt(client)
    local qos, topic, body, isAppend, id = unpackFrom('>BI4I4Bd', numbersOf, 18 * i - 17)
    topic = args[strings + topic]
    if isAppend == 1 then id = ids[id] end
    local count = call('RPUSH', list, pack('>BdI2', qos, id, #topic) .. topic .. args[strings + body])
    local place = places[holder]
    if not place then
      holders[#holders + 1] = pack('>I2', #holder) .. holder
      place = #holders
      places[holder] = place
    end
    out[#out + 1] = pack('>dI4', settledTo + count, place)
    if count > inboxLimit then
      local head, surplus = headOf(client), count - inboxLimit
      call('LTRIM', list, surplus, -1)
      head.settledTo, head.dropped = head.settledTo + surplus, head.dropped + surplus
      change(client, head)
    end
  end
  at = at + deliveries
  for i = 1, #holders do out[#out + 1] = holders[i] end
end

for i = 1, done do
  call('HDEL', PREFIX .. 'outbox', args[at + 1])
  call('ZREM', PREFIX .. 'outbox:ids', args[at + 1])
  at = at + 1
end
for i = 1, jobs do
  call('HSET', PREFIX .. 'outbox', args[at + 1], args[at + 2])
  call('ZADD', PREFIX .. 'outbox:ids', '0', args[at + 1])
  at = at + 2
end
for i = 1, #changed do
  local head = heads[changed[i]]
  call('SET', PREFIX .. 'h:' .. changed[i], pack('>dddd', head.settledTo, head.releasedTo, head.dropped, head.epoch) .. head.holder)
end
return answer(table.concat(out))
`
