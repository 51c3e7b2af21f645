import { inboxReach, maxLosses } from '../contract.js'
import { headNumbersBytes } from '../inbox-head-bytes.js'
import { newsKeyBytes } from '../news-key.js'
import { entryFlags } from './layout.js'

const doubles = `>${'d'.repeat(headNumbersBytes / 8)}`
/** Bytes of an entry before what follows its flags, id and length of the topic. */
const entryHeadBytes = 11
const lossHeadBytes = 10

/** Lua: the heads of inboxes, as `inbox-head-bytes.ts` and, before it, `layout.ts` have them. */
export const headsInLua = `
local function newHead()
  return { settledTo = 0, releasedTo = 0, dropped = 0, epoch = 0, sentTo = 0, empty = 0, isListed = 0,
    lostFrom = 0, lostTo = 0, lostFromId = 0, lostToId = 0, isRunOver = 0, losses = 0, holder = '', isThere = false }
end
local function parseHead(client, bytes)
  local head = newHead()
  head.isThere = true
  if unpackFrom('>d', bytes) >= 0 then
    head.settledTo, head.releasedTo, head.dropped, head.epoch = unpackFrom('>dddd', bytes)
    head.holder = sub(bytes, 33)
    head.sentTo = head.settledTo + call('LLEN', PREFIX .. 'i:' .. client)
    return head
  end
  head.settledTo, head.releasedTo, head.dropped, head.epoch, head.sentTo, head.empty, head.isListed,
    head.lostFrom, head.lostTo, head.lostFromId, head.lostToId, head.isRunOver, head.losses = unpackFrom('${doubles}', bytes)
  head.settledTo = -1 - head.settledTo
  head.holder = sub(bytes, ${headNumbersBytes + 1})
  return head
end
local function packHead(head)
  return pack('${doubles}', -1 - head.settledTo, head.releasedTo, head.dropped, head.epoch, head.sentTo, head.empty, head.isListed,
    head.lostFrom, head.lostTo, head.lostFromId, head.lostToId, head.isRunOver, head.losses) .. head.holder
end

local function isNews(flags) return flags % ${entryFlags.news * 2} >= ${entryFlags.news} end
local function isExtra(flags) return flags % ${entryFlags.extra * 2} >= ${entryFlags.extra} end
local function hasLoss(flags) return flags % ${entryFlags.loss * 2} >= ${entryFlags.loss} end
`

/**
 * Lua: what a full inbox has no room for, and what news replaces: the same as `lmdb/group-inboxes.ts` does. News is listed in a sorted set once
 * it is first looked for, until the inbox is empty or given up.
 */
export const inboxRoomInLua = `
local noKey = string.rep('\\0', ${newsKeyBytes})
-- Key of the news that an entry is; nothing for a message.
local function newsIn(entry)
  if isNews(string.byte(entry)) then return sub(entry, ${entryHeadBytes + 1}, ${entryHeadBytes + newsKeyBytes}) end
end

local function unlist(client, head)
  if head.isListed == 0 then return end
  call('DEL', PREFIX .. 'n:' .. client)
  head.isListed = 0
end

local function forgetLosses(client, head)
  if head.losses == 0 then return end
  call('DEL', PREFIX .. 'l:' .. client)
  head.losses = 0
end

-- Settles up to a number in a list of so many places.
local function settleTo(client, head, upTo, count)
  local list, size = PREFIX .. 'i:' .. client, upTo - head.settledTo
  if size <= 0 then return end
  if head.empty > 0 then
    local places = call('LRANGE', list, 0, size - 1)
    for i = 1, #places do if places[i] == '' then head.empty = head.empty - 1 end end
  end
  if size == count then
    call('DEL', list)
    unlist(client, head)
  else
    call('LTRIM', list, size, -1)
  end
  head.settledTo, head.isRunOver = upTo, 1
end

local function emptyPlace(list, head, number)
  call('LSET', list, number - head.settledTo - 1, '')
  head.empty = head.empty + 1
end

-- Lists news; what it replaces becomes an empty place, what it only follows is told from it by its number.
local function listNews(client, list, head, number, key, mayReplace)
  local news = PREFIX .. 'n:' .. client
  if key == noKey then
    call('ZADD', news, number, pack('>d', number))
    return
  end
  local before = tonumber(call('ZSCORE', news, key) or 0)
  if before > head.settledTo then
    if mayReplace and head.holder == '' and before > head.sentTo then
      emptyPlace(list, head, before)
    else
      call('ZADD', news, before, pack('>d', before))
    end
  end
  call('ZADD', news, number, key)
end

local function listAll(client, list, head, count)
  call('DEL', PREFIX .. 'n:' .. client)
  head.isListed = 1
  if count == 0 then return end
  local places = call('LRANGE', list, 0, count - 1)
  for i = 1, #places do
    local key = places[i] ~= '' and newsIn(places[i])
    if key then listNews(client, list, head, head.settledTo + i, key) end
  end
end

-- An inbox has been given up: of what was never sent, news that later news replaces becomes an empty place.
local function replaceUnsent(client, head, count)
  unlist(client, head)
  local list = PREFIX .. 'i:' .. client
  local from = math.max(0, head.sentTo - head.settledTo)
  if from >= count then return end
  local places, seen = call('LRANGE', list, from, -1), {}
  for i = #places, 1, -1 do
    local key = places[i] ~= '' and newsIn(places[i])
    if key and key ~= noKey then
      if seen[key] then emptyPlace(list, head, head.settledTo + from + i) end
      seen[key] = true
    end
  end
end

local function noteLoss(client, head, of, since)
  local losses = PREFIX .. 'l:' .. client
  if head.losses >= ${maxLosses} and call('HEXISTS', losses, of) == 0 then of = '' end
  head.losses = head.losses + call('HSETNX', losses, of, string.format('%.17g', since))
end

-- What an inbox keeps of an entry that has been dropped. What its device has received is not lost.
local function noteDropped(client, head, number, entry, counts)
  local flags, id = unpackFrom('>Bd', entry)
  local kind = isNews(flags) and 'news' or 'messages'
  counts[kind], head.dropped = counts[kind] + 1, head.dropped + 1
  if number <= head.releasedTo then return end
  if kind == 'messages' then
    if head.isRunOver == 1 or head.lostTo == 0 then
      head.lostFrom, head.lostFromId, head.lostToId = number, 0, 0
    end
    if id > 0 and (head.lostFromId == 0 or id < head.lostFromId) then head.lostFromId = id end
    head.lostTo, head.lostToId = number, math.max(head.lostToId, id)
    head.isRunOver = 0
  end
  if hasLoss(flags) then
    local at = ${entryHeadBytes + 1} + (isNews(flags) and ${newsKeyBytes} or 0)
    local since, size = unpackFrom('>dI2', entry, at)
    noteLoss(client, head, sub(entry, at + ${lossHeadBytes}, at + ${lossHeadBytes - 1} + size), since)
  end
end

local function dropOldest(client, list, head, counts)
  local entry
  repeat
    entry = call('LPOP', list)
    head.settledTo = head.settledTo + 1
    if entry == '' then head.empty = head.empty - 1 end
  until entry ~= ''
  noteDropped(client, head, head.settledTo, entry, counts)
end

local function oldestNews(client, head)
  local news = PREFIX .. 'n:' .. client
  while true do
    local found = call('ZRANGE', news, 0, 0, 'WITHSCORES')
    if not found[1] then return end
    call('ZREM', news, found[1])
    local number = tonumber(found[2])
    if number > head.settledTo then return number end
  end
end

-- Drops news, then messages, the oldest first, until an inbox holds no more than it may and reaches no farther.
local function makeRoom(client, list, head, last, counts)
  while true do
    local isFull = last - head.settledTo - head.empty > inboxLimit
    if not isFull and last - head.settledTo <= inboxLimit * ${inboxReach} then return end
    local news = isFull and oldestNews(client, head)
    if news then
      local entry = call('LINDEX', list, news - head.settledTo - 1)
      emptyPlace(list, head, news)
      noteDropped(client, head, news, entry, counts)
    else
      dropOldest(client, list, head, counts)
    end
    while head.empty > 0 and call('LINDEX', list, 0) == '' do
      call('LPOP', list)
      head.settledTo, head.empty = head.settledTo + 1, head.empty - 1
    end
  end
end

-- Takes in entries that have been added to the list behind so many places, one after the other. What each has driven out, by its place among them.
local function takeIn(client, head, entries, before)
  local list, drops = PREFIX .. 'i:' .. client, {}
  if type(entries) == 'string' then entries = { entries } end
  if head.isListed == 0 then listAll(client, list, head, before) end
  local last = head.settledTo + before
  for i = 1, #entries do
    last = last + 1
    local key = newsIn(entries[i])
    if key then listNews(client, list, head, last, key, true) end
    drops[i] = { news = 0, messages = 0 }
    if not isExtra(string.byte(entries[i])) then makeRoom(client, list, head, last, drops[i]) end
  end
  return drops
end
`
