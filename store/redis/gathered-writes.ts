import { inboxReach } from '../contract.js'
import { digestLength } from './digest.js'

/**
 * Lua: what the commits of a call are about to write, as they see it of one another, until `writeGathered` writes it all. Entries of inboxes
 * are written before (`flushInboxes`) where a commit looks at the inboxes.
 */
export const gatheredWritesInLua = `
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
  head = bytes and parseHead(client, bytes) or newHead()
  heads[client] = head
  return head
end
local function change(client, head)
  if head.isChanged then return end
  head.isChanged, head.isThere = true, true
  changed[#changed + 1] = client
end

-- Entries by client, a table only where there are several: one for each of hundreds of inboxes is dear.
local queued, clients, unnumbered, hasNews = {}, {}, {}, {}
local function queue(client, entry)
  if isNews(string.byte(entry)) then hasNews[client] = true end
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
  inStretches(#keys, function(from, to)
    local some = call('MGET', unpack(keys, from, to))
    for i = 1, #some do found[wanted[from + i - 1]] = some[i] end
  end)
  return found
end

local function pushEntries(list, entries)
  if type(entries) == 'string' then return call('RPUSH', list, entries), 1 end
  local count
  inStretches(#entries, function(from, to) count = call('RPUSH', list, unpack(entries, from, to)) end)
  return count, #entries
end

-- Writes the entries, and tells the commits that they came from which numbers they have and who holds the inboxes.
local function flushInboxes()
  if #clients == 0 then return end
  local found, before, holderOf, drops = fetchHeads(), {}, {}, {}
  for i = 1, #clients do
    local client = clients[i]
    local head = heads[client]
    if not head then
      head = found[client] and parseHead(client, found[client]) or newHead()
      heads[client] = head
    end
    local count, added = pushEntries(PREFIX .. 'i:' .. client, queued[client])
    before[client], holderOf[client] = head.settledTo + count - added, head.holder
    local isLooked = hasNews[client] and (head.holder == '' or head.isListed == 1)
    if isLooked or count - head.empty > inboxLimit or count > inboxLimit * ${inboxReach} then
      drops[client] = takeIn(client, head, queued[client], count - added)
      change(client, head)
    end
  end
  for i = 1, #unnumbered do
    local of = unnumbered[i]
    local out, nth, holders, places = of.out, of.nth, {}, { [''] = 0 }
    local news, messages = 0, 0
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
      local driven = drops[client] and drops[client][nth[j]]
      if driven then news, messages = news + driven.news, messages + driven.messages end
    end
    out[#out + 1] = pack('>I4I4', news, messages)
    for j = 1, #holders do out[#out + 1] = holders[j] end
  end
  queued, clients, unnumbered, hasNews = {}, {}, {}, {}
end

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
    sets[n + 2] = packHead(head)
  end
  if lastId ~= firstId then
    local n = #sets
    sets[n + 1], sets[n + 2] = PREFIX .. 'id', string.format('%d', lastId)
  end
  inStretches(#sets, function(from, to) call('MSET', unpack(sets, from, to)) end)
  inStretches(#listing, function(from, to) call('ZADD', PREFIX .. 'keys', unpack(listing, from, to)) end)
  for i = 1, #feedNames do
    local added = feeds[feedNames[i]].added
    if #added > 0 then call('APPEND', PREFIX .. 'f:' .. feedNames[i], table.concat(added)) end
  end
end
`
