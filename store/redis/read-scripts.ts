/** The scripts that read what one command cannot. Each sees one moment, and answers with a flat list. */
import { newsKeyBytes } from '../news-key.js'
import { digestLength } from './digest.js'
import { entryFlags } from './layout.js'
import { stretchesInLua } from './stretches.js'

/** Places of an inbox that are looked at together: with the longest bodies they take some megabytes. */
const placesAtOnce = 64

/** `gather(size, ask)` joins what `ask(from, to)` answers for stretches of a list. */
const gather = `
${stretchesInLua}
local function gather(size, ask)
  local all = {}
  inStretches(size, function(from, to)
    local some = ask(from, to)
    for i = 1, #some do all[from + i - 1] = some[i] end
  end)
  return all
end
`

/** `firstAt(id)`: place, from 0, of the first record of the feed with this id or a greater one; `count` if there is none. */
const feedRecords = `
local feed = PREFIX .. 'f:' .. ARGV[1]
local count = redis.call('STRLEN', feed) / 16
local function firstAt(id)
  local low, high = 0, count
  while high - low > 64 do
    local middle = math.floor((low + high) / 2)
    local record = redis.call('GETRANGE', feed, middle * 16, middle * 16 + 7)
    if struct.unpack('>d', record) < id then low = middle + 1 else high = middle end
  end
  if low == high then return high end
  local records = redis.call('GETRANGE', feed, low * 16, high * 16 - 1)
  for place = low, high - 1 do
    if struct.unpack('>d', records, (place - low) * 16 + 1) >= id then return place end
  end
  return high
end
`

const rowsOf = `
${gather}
local function rowsOf(keys)
  local names, rows = {}, {}
  for i = 1, #keys do names[i] = PREFIX .. 'd:' .. keys[i] end
  local values = gather(#keys, function(from, to) return redis.call('MGET', unpack(names, from, to)) end)
  for i = 1, #keys do
    rows[2 * i - 1] = keys[i]
    rows[2 * i] = values[i]
  end
  return rows
end
`

/** Bounds of a sorted set and a limit; keys and their documents in turn. */
const scan = `
${rowsOf}
return rowsOf(redis.call('ZRANGEBYLEX', PREFIX .. 'keys', ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3]))
`

/**
 * The same where messages may be among the rows: they are not listed, so their ids are tried in the order of their digits. Besides bounds and
 * limit it takes the prefix and the key after which rows are wanted, empty for all.
 */
const scanMessages = `
${rowsOf}
local limit, prefix, after = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local listed = redis.call('ZRANGEBYLEX', PREFIX .. 'keys', ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local lastId = tonumber(redis.call('GET', PREFIX .. 'id') or '0')

-- Lua compares texts as the locale does.
local function isBefore(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #one < #other
end

local function begins(text, start) return string.sub(text, 1, #start) == start end

local found = {}
local function try(digits)
  for digit = digits == '' and 1 or 0, 9 do
    local id = digits .. digit
    local name = 'message/' .. id
    if #found >= limit or tonumber(id) > lastId then return end
    local isAfter = isBefore(after, name)
    if (begins(name, prefix) or begins(prefix, name)) and (isAfter or begins(after, name)) then
      if isAfter and begins(name, prefix) and redis.call('EXISTS', PREFIX .. 'd:' .. name) == 1 then found[#found + 1] = name end
      try(id)
    end
  end
end
try('')

local keys, a, b = {}, 1, 1
while #keys < limit and (listed[a] or found[b]) do
  local one, other = listed[a], found[b]
  if one == other then
    a = a + 1
  elseif not other or (one and isBefore(one, other)) then
    keys[#keys + 1], a = one, a + 1
  else
    keys[#keys + 1], b = other, b + 1
  end
end
return rowsOf(keys)
`

/** A feed; how many messages it holds, and the last record. */
const feedHead = `
local feed = PREFIX .. 'f:' .. ARGV[1]
return { redis.call('STRLEN', feed) / 16, redis.call('GETRANGE', feed, -16, -1) }
`

/** A feed and an id; its place, from 0, the record, and the one before if there is one. Nothing if the feed does not hold it. */
const feedPlace = `
${feedRecords}
local id = tonumber(ARGV[2])
local place = firstAt(id)
if place == count then return {} end
local records = redis.call('GETRANGE', feed, math.max(0, place - 1) * 16, place * 16 + 15)
if struct.unpack('>d', records, #records - 15) ~= id then return {} end
return { place, records }
`

/**
 * A feed, an id or 0, a direction, limits in messages and in bytes; place of the first message, from 0, the records and the one before if there is
 * one, the documents.
 */
const feedPage = `
${gather}
${feedRecords}
local from, limit = tonumber(ARGV[2]), tonumber(ARGV[4])
local first, last
if ARGV[3] == 'older' then
  last = (from == 0 and count or firstAt(from + 1)) - 1
  first = math.max(0, last - limit + 1)
else
  first = firstAt(from)
  last = math.min(count, first + limit) - 1
end
if last < first then return {} end
local records = redis.call('GETRANGE', feed, math.max(0, first - 1) * 16, last * 16 + 15)
local names, size, left = {}, last - first + 1, tonumber(ARGV[5])
for i = 1, size do
  names[i] = PREFIX .. 'd:message/' .. string.format('%d', (struct.unpack('>d', records, #records - 16 * (size - i + 1) + 1)))
end

-- How many of the messages fit, counted from where reading begins.
local fitting = 0
while fitting < size do
  local name = names[ARGV[3] == 'older' and size - fitting or fitting + 1]
  left = left - math.max(0, redis.call('STRLEN', name) - ${digestLength})
  if left < 0 and fitting > 0 then break end
  fitting = fitting + 1
end
if fitting < size then
  local before = ARGV[3] == 'older' and size - fitting or 0
  local kept = {}
  for i = 1, fitting do kept[i] = names[before + i] end
  first, last, names, size = first + before, first + before + fitting - 1, kept, fitting
  records = redis.call('GETRANGE', feed, math.max(0, first - 1) * 16, last * 16 + 15)
end
local page = gather(size, function(a, b) return redis.call('MGET', unpack(names, a, b)) end)
table.insert(page, 1, records)
table.insert(page, 1, first)
return page
`

/** A client; the bytes of the head, or nil, and how many entries there are. */
const inboxHead = `
return { redis.call('GET', PREFIX .. 'h:' .. ARGV[1]), redis.call('LLEN', PREFIX .. 'i:' .. ARGV[1]) }
`

/** A client, a number, limits in entries and in bytes of their bodies; the entries after the given number, each after its number. */
const inboxPage = `
local function bodyLength(entry)
  local flags, at = string.byte(entry), 11
  if flags % ${2 * entryFlags.news} >= ${entryFlags.news} then at = at + ${newsKeyBytes} end
  if flags % ${2 * entryFlags.loss} >= ${entryFlags.loss} then at = at + 10 + struct.unpack('>H', entry, at + 9) end
  return #entry - at - struct.unpack('>H', entry, 10)
end

local list, limit, left = PREFIX .. 'i:' .. ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local head = redis.call('GET', PREFIX .. 'h:' .. ARGV[1])
local settledTo = head and struct.unpack('>d', head) or 0
if settledTo < 0 then settledTo = -1 - settledTo end
local at, page, size = math.max(0, tonumber(ARGV[2]) - settledTo), {}, 0
while size < limit do
  local places = redis.call('LRANGE', list, at, at + ${placesAtOnce} - 1)
  if #places == 0 then break end
  for i = 1, #places do
    if places[i] ~= '' and size < limit then
      left = left - bodyLength(places[i])
      if left < 0 and size > 0 then return page end
      size = size + 1
      page[2 * size - 1], page[2 * size] = settledTo + at + i, places[i]
    end
  end
  at = at + #places
end
return page
`

/** A client; what is noted as lost, and since when, in turn. */
const inboxLosses = `
return redis.call('HGETALL', PREFIX .. 'l:' .. ARGV[1])
`

/** A lower bound of a sorted set and a limit; ids and jobs in turn. */
const outboxPage = `
${gather}
local ids = redis.call('ZRANGEBYLEX', PREFIX .. 'outbox:ids', ARGV[1], '+', 'LIMIT', 0, ARGV[2])
local jobs = gather(#ids, function(from, to) return redis.call('HMGET', PREFIX .. 'outbox', unpack(ids, from, to)) end)
local rows = {}
for i = 1, #ids do
  rows[2 * i - 1] = ids[i]
  rows[2 * i] = jobs[i]
end
return rows
`

export const readScripts = { scan, scanMessages, feedHead, feedPlace, feedPage, inboxHead, inboxPage, inboxLosses, outboxPage }
