/**
 * The script that carries out commits which a handle sends together, one after the other. Each is applied as a whole or not at all: it is
 * refused where a fact does not hold, and that stops no other. What they write is done as a whole: Redis runs nothing beside a script, and
 * writes what a script has changed into the append-only file as one transaction. Most of it is gathered in Lua and written at the end, where
 * one command writes what many commits have to say: a call costs more than what it does.
 *
 * A handle numbers what it sends if it writes. The script notes what the commits came to, for the last {@link notesKept} numbers, and the
 * last number. What comes again (it was sent, then the connection broke) is answered from the note. What comes after a later number of its
 * handle, and is not noted, has changed nothing and never will: it is `overtaken`. What is sent again is noted whatever it comes to, so
 * that its first copy, should it still be on its way, finds the note.
 *
 * Arguments: a header (see `encode-commit.ts`), the handle, the number and its place among the notes, then what each commit lists, in
 * the order of its counts in the header. Numbers go to and fro as text where they can: to print one is dear in Lua.
 * Answer: see `decode-result.ts`.
 */
import { digestInLua, digestLength } from './digest.js'
import { maxFeedMessages } from './layout.js'

/** First byte of what is told of a commit; `overtaken` stands for all that came with it. */
export const answers = { done: 'd', conflict: 'c', fenced: 'f', overtaken: 'o', full: 'x' } as const

/** Layout of the header, in the words of Lua's `struct`: seconds to keep the note, bound of inboxes, whether it writes and is in doubt. */
const sendingFormat = '>I4I4BB'
const sendingBytes = 10
/** What a commit lists of each kind. */
const counts = 15
const countsFormat = `>${'I4'.repeat(counts)}`

/** Arguments that a call takes at once: a Lua stack holds no more than some thousands. */
const atOnce = 4_000

const gathered = `
-- Documents as the commits so far leave them (false: removed), and those of their names that have to be listed.
local names, documents, unlisted = {}, {}, {}
local function put(key, value)
  if documents[key] == nil then names[#names + 1] = key end
  documents[key] = value
end
local function putListed(key, value)
  put(key, value)
  unlisted[key] = true
end
local function digestAt(key)
  local value = documents[key]
  if value then return sub(value, 1, ${digestLength}) end
  if value == false then return '' end
  return call('GETRANGE', PREFIX .. 'd:' .. key, '0', '${digestLength - 1}')
end

local firstId, lastId
local function readId()
  if lastId then return end
  firstId = tonumber(call('GET', PREFIX .. 'id') or 0)
  lastId = firstId
end

-- A message that has been appended is not listed.
local function putMessage(key, value)
  readId()
  if tonumber(sub(key, 9)) > lastId then putListed(key, value) else put(key, value) end
end

local feeds, feedNames = {}, {}
local function feedOf(name)
  local feed = feeds[name]
  if feed then return feed end
  local key = PREFIX .. 'f:' .. name
  feed = { id = 0, ordinal = 0, count = call('STRLEN', key) / 16, added = {} }
  if feed.count > 0 then feed.id, feed.ordinal = unpackFrom('>dd', call('GETRANGE', key, '-16', '-1')) end
  feeds[name], feedNames[#feedNames + 1] = feed, name
  return feed
end

local heads, changed = {}, {}
local function headOf(client)
  local head = heads[client]
  if head then return head end
  local bytes = call('GET', PREFIX .. 'h:' .. client)
  if bytes then
    local settledTo, releasedTo, dropped, epoch = unpackFrom('>dddd', bytes)
    head = { settledTo = settledTo, releasedTo = releasedTo, dropped = dropped, epoch = epoch, holder = sub(bytes, 33), isThere = true }
  else
    head = { settledTo = 0, releasedTo = 0, dropped = 0, epoch = 0, holder = '', isThere = false }
  end
  heads[client] = head
  return head
end
local function change(client, head)
  if head.isChanged then return end
  head.isChanged, head.isThere = true, true
  changed[#changed + 1] = client
end

-- Entries by client, a table only where there are several: one for each of hundreds of inboxes is dear.
local queued, clients, unnumbered = {}, {}, {}
local function queue(client, entry)
  local before = queued[client]
  if not before then
    queued[client], clients[#clients + 1] = entry, client
    return 1
  end
  if type(before) == 'string' then
    queued[client] = { before, entry }
    return 2
  end
  before[#before + 1] = entry
  return #before
end

local function fetchHeads()
  local wanted, keys, found = {}, {}, {}
  for i = 1, #clients do
    if not heads[clients[i]] then wanted[#wanted + 1], keys[#keys + 1] = clients[i], PREFIX .. 'h:' .. clients[i] end
  end
  for from = 1, #keys, ${atOnce} do
    local some = call('MGET', unpack(keys, from, math.min(from + ${atOnce - 1}, #keys)))
    for i = 1, #some do found[wanted[from + i - 1]] = some[i] end
  end
  return found
end

local function pushEntries(list, entries)
  if type(entries) == 'string' then return call('RPUSH', list, entries), 1 end
  local count
  for from = 1, #entries, ${atOnce} do count = call('RPUSH', list, unpack(entries, from, math.min(from + ${atOnce - 1}, #entries))) end
  return count, #entries
end

-- Writes the entries, and tells the commits that they came from which numbers they have and who holds the inboxes.
local function flushInboxes()
  if #clients == 0 then return end
  local found, before, holderOf = fetchHeads(), {}, {}
  for i = 1, #clients do
    local client = clients[i]
    local head, bytes = heads[client], found[client]
    local settledTo, holder = 0, ''
    if head then
      settledTo, holder = head.settledTo, head.holder
    elseif bytes then
      settledTo, holder = (unpackFrom('>d', bytes)), sub(bytes, 33)
    end
    local list = PREFIX .. 'i:' .. client
    local count, added = pushEntries(list, queued[client])
    before[client], holderOf[client] = settledTo + count - added, holder
    if count > inboxLimit then
      local surplus = count - inboxLimit
      head = headOf(client)
      call('LTRIM', list, surplus, -1)
      head.settledTo, head.dropped = head.settledTo + surplus, head.dropped + surplus
      change(client, head)
    end
  end
  for i = 1, #unnumbered do
    local of = unnumbered[i]
    local out, nth, holders, places = of.out, of.nth, {}, { [''] = 0 }
    for j = 1, #nth do
      local client = args[of.at + j]
      local holder = holderOf[client]
      local place = places[holder]
      if not place then
        holders[#holders + 1] = pack('>I2', #holder) .. holder
        place = #holders
        places[holder] = place
      end
      out[#out + 1] = pack('>dI4', before[client] + nth[j], place)
    end
    for j = 1, #holders do out[#out + 1] = holders[j] end
  end
  queued, clients, unnumbered = {}, {}, {}
end
`

const oneCommit = `
local function factsRefuse(fences, checks)
  for i = 1, fences do
    if headOf(args[at + 1]).epoch ~= tonumber(args[at + 2]) then return '${answers.fenced}' end
    at = at + 2
  end
  for i = 1, checks do
    if digestAt(args[at + 1]) ~= args[at + 2] then return '${answers.conflict}' end
    at = at + 2
  end
end

-- A feed holds at most as many messages as its last id says.
local function isFull(appends)
  for i = 0, appends - 1 do
    if feedOf(args[at + 3 * i + 1]).count + appends > ${maxFeedMessages} then return true end
  end
  return false
end

local function append(appends, out)
  local ids = {}
  if appends > 0 then readId() end
  for i = 1, appends do
    local feed = feedOf(args[at + 1])
    lastId = lastId + 1
    ids[i] = lastId
    local ordinal = feed.ordinal + tonumber(args[at + 2])
    feed.count = feed.count + 1
    feed.added[#feed.added + 1] = pack('>dd', lastId, ordinal)
    put('message/' .. string.format('%d', lastId), args[at + 3])
    out[#out + 1] = pack('>dddd', lastId, feed.id, feed.count, ordinal)
    feed.id, feed.ordinal = lastId, ordinal
    at = at + 3
  end
  return ids
end

local function putDocuments(listed, others, messages, removed)
  for i = 1, listed do
    put(args[at + 1], args[at + 2])
    at = at + 2
  end
  for i = 1, others do
    putListed(args[at + 1], args[at + 2])
    at = at + 2
  end
  for i = 1, messages do
    putMessage(args[at + 1], args[at + 2])
    at = at + 2
  end
  for i = 1, removed do
    put(args[at + 1], false)
    at = at + 1
  end
end

local function putNumbers(numbers, ids)
  for i = 1, numbers do
    local key, id = args[at + 1], string.format('%d', ids[tonumber(args[at + 2])])
    local write = string.find(key, '^message/[1-9]%d*$') and putMessage or putListed
    write(key, digestOf(id) .. id)
    at = at + 2
  end
end

local function clearAndOpen(clears, opens, out)
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
end

local function settle(settlements)
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
end

local function deliver(texts, deliveries, ids, out)
  if deliveries == 0 then return end
  local strings, blocks, nth, last, entry = at, args[at + texts + 1], {}, nil, nil
  at = at + texts + 1
  for i = 1, deliveries do
    local block = sub(blocks, 18 * i - 17, 18 * i)
    if block ~= last then
      local qos, topic, body, isAppend, id = unpackFrom('>BI4I4Bd', block)
      topic = args[strings + topic]
      if isAppend == 1 then id = ids[id] end
      last, entry = block, pack('>BdI2', qos, id, #topic) .. topic .. args[strings + body]
    end
    nth[i] = queue(args[at + i], entry)
  end
  unnumbered[#unnumbered + 1] = { out = out, nth = nth, at = at }
  at = at + deliveries
end

local function changeOutbox(done, jobs)
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
end

-- What is told of the commit: text if it was refused, else a table of texts, to which more may come.
local function carryOut(place)
  local fences, checks, appends, listed, others, messages, removed, numbers,
    clears, opens, settlements, texts, deliveries, done, jobs = unpackFrom('${countsFormat}', args[1], ${sendingBytes + 1} + ${4 * counts} * place)
  local after = at + 2 * fences + 2 * checks + 3 * appends + 2 * (listed + others + messages) + removed + 2 * numbers
    + clears + 2 * opens + 4 * settlements + done + 2 * jobs
  if deliveries > 0 then after = after + texts + 1 + deliveries end
  local refusal = factsRefuse(fences, checks)
  if not refusal and isFull(appends) then refusal = '${answers.full}' end
  if refusal then
    at = after
    return refusal
  end
  if after > at then isApplied = true end
  if clears + opens + settlements > 0 then flushInboxes() end
  local out = { '${answers.done}' }
  local ids = append(appends, out)
  putDocuments(listed, others, messages, removed)
  putNumbers(numbers, ids)
  clearAndOpen(clears, opens, out)
  settle(settlements)
  deliver(texts, deliveries, ids, out)
  changeOutbox(done, jobs)
  return out
end
`

const writing = `
local function writeGathered()
  flushInboxes()
  local sets, listing = {}, {}
  for i = 1, #names do
    local key = names[i]
    local value = documents[key]
    if value then
      local n = #sets
      sets[n + 1], sets[n + 2] = PREFIX .. 'd:' .. key, value
      if unlisted[key] then
        n = #listing
        listing[n + 1], listing[n + 2] = '0', key
      end
    elseif call('DEL', PREFIX .. 'd:' .. key) == 1 then
      call('ZREM', PREFIX .. 'keys', key)
    end
  end
  for i = 1, #changed do
    local head, n = heads[changed[i]], #sets
    sets[n + 1] = PREFIX .. 'h:' .. changed[i]
    sets[n + 2] = pack('>dddd', head.settledTo, head.releasedTo, head.dropped, head.epoch) .. head.holder
  end
  if lastId ~= firstId then
    local n = #sets
    sets[n + 1], sets[n + 2] = PREFIX .. 'id', string.format('%d', lastId)
  end
  for from = 1, #sets, ${atOnce} do call('MSET', unpack(sets, from, math.min(from + ${atOnce - 1}, #sets))) end
  for from = 1, #listing, ${atOnce} do call('ZADD', PREFIX .. 'keys', unpack(listing, from, math.min(from + ${atOnce - 1}, #listing))) end
  for i = 1, #feedNames do
    local added = feeds[feedNames[i]].added
    if #added > 0 then call('APPEND', PREFIX .. 'f:' .. feedNames[i], table.concat(added)) end
  end
end
`

export const commitScript = `
local call, args, pack, unpackFrom, sub = redis.call, ARGV, struct.pack, struct.unpack, string.sub
local noteSeconds, inboxLimit, isWriting, isInDoubt = unpackFrom('${sendingFormat}', args[1])
local note, number, slot = PREFIX .. 'note:' .. args[2], tonumber(args[3]), args[4]
local at, isApplied = 4, false

if isWriting == 1 then
  local noted = call('HMGET', note, 'last', slot)
  if noted[1] and tonumber(noted[1]) >= number then
    if noted[2] and unpackFrom('>d', noted[2]) == number then return sub(noted[2], 9) end
    return '${answers.overtaken}'
  end
end
${digestInLua}
${gathered}
${oneCommit}
${writing}
local told = {}
for place = 0, (#args[1] - ${sendingBytes}) / ${4 * counts} - 1 do told[place + 1] = carryOut(place) end
if isApplied then writeGathered() end
for i = 1, #told do
  local text = type(told[i]) == 'table' and table.concat(told[i]) or told[i]
  told[i] = pack('>I4', #text) .. text
end
local reply = table.concat(told)
if isApplied or isInDoubt == 1 and isWriting == 1 then
  call('HSET', note, 'last', args[3], slot, pack('>d', number) .. reply)
  if noteSeconds > 0 then call('EXPIRE', note, noteSeconds) end
end
return reply
`
