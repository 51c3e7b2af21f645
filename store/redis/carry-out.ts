import { maxFeedMessages } from './layout.js'

/** First byte of what is told of a commit; `overtaken` stands for all that came with it. */
export const answers = { done: 'd', conflict: 'c', fenced: 'f', overtaken: 'o', full: 'x' } as const

/** Layout of the header, in the words of Lua's `struct`: seconds to keep the note, bound of inboxes, whether it writes and is in doubt. */
export const sendingFormat = '>I4I4BB'
const sendingBytes = 10
/** What a commit lists of each kind. */
const counts = 16
const countsFormat = `>${'I4'.repeat(counts)}`

/** Lua: how many commits a call has brought. */
export const commitsInLua = `(#args[1] - ${sendingBytes}) / ${4 * counts}`

/** Lua: `carryOut(place)` applies one commit to what is gathered (`gathered-writes.ts`), or refuses it, and says what is told of it. */
export const carryOutInLua = `
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
      settleTo(client, head, head.settledTo + count, count)
      head.releasedTo = head.settledTo
      forgetLosses(client, head)
      change(client, head)
    end
    at = at + 1
  end
  for i = 1, opens do
    local client, holder, sentTo = args[at + 1], args[at + 2], tonumber(args[at + 3])
    local head, count = headOf(client), call('LLEN', PREFIX .. 'i:' .. client)
    local last, before = head.settledTo + count, head.holder
    local sentBefore = before == '' and head.sentTo or last
    head.epoch, head.holder = head.epoch + 1, holder
    if holder == '' then
      head.sentTo = math.min(last, math.max(head.sentTo, sentTo or last))
      replaceUnsent(client, head, count)
    end
    local bytes = packHead(head)
    out[#out + 1] = pack('>ddI2', last, sentBefore, #bytes) .. bytes .. pack('>I2', #before) .. before
    change(client, head)
    at = at + 3
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
          settleTo(client, head, settledTo, count)
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

local function tellLosses(told)
  for i = 1, told do
    local client, head = args[at + 1], headOf(args[at + 1])
    if head.dropped == tonumber(args[at + 2]) and head.losses > 0 then
      forgetLosses(client, head)
      change(client, head)
    end
    at = at + 2
  end
end

local function deliver(texts, deliveries, ids, out)
  if deliveries == 0 then return end
  local strings, blocks, nth, last, entry = at, args[at + texts + 1], {}, nil, nil
  at = at + texts + 1
  for i = 1, deliveries do
    local block = sub(blocks, 36 * i - 35, 36 * i)
    if block ~= last then
      local flags, topic, body, isAppend, id = unpackFrom('>BI4I4Bd', block)
      topic = args[strings + topic]
      if isAppend == 1 then id = ids[id] end
      local noted = ''
      if isNews(flags) then noted = sub(block, 19, 24) end
      if hasLoss(flags) then
        local of, since = unpackFrom('>I4d', block, 25)
        noted = noted .. pack('>dI2', since, #args[strings + of]) .. args[strings + of]
      end
      last, entry = block, pack('>BdI2', flags, id, #topic) .. noted .. topic .. args[strings + body]
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
    clears, opens, settlements, told, texts, deliveries, done, jobs = unpackFrom('${countsFormat}', args[1], ${sendingBytes + 1} + ${4 * counts} * place)
  local after = at + 2 * fences + 2 * checks + 3 * appends + 2 * (listed + others + messages) + removed + 2 * numbers
    + clears + 3 * opens + 4 * settlements + 2 * told + done + 2 * jobs
  if deliveries > 0 then after = after + texts + 1 + deliveries end
  local refusal = factsRefuse(fences, checks)
  if not refusal and isFull(appends) then refusal = '${answers.full}' end
  if refusal then
    at = after
    return refusal
  end
  if after > at then isApplied = true end
  if clears + opens + settlements + told > 0 then flushInboxes() end
  local out = { '${answers.done}' }
  local ids = append(appends, out)
  putDocuments(listed, others, messages, removed)
  putNumbers(numbers, ids)
  clearAndOpen(clears, opens, out)
  settle(settlements)
  tellLosses(told)
  deliver(texts, deliveries, ids, out)
  changeOutbox(done, jobs)
  return out
end
`
