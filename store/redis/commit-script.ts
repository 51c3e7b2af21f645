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
import { answers, carryOutInLua, commitsInLua, sendingFormat } from './carry-out.js'
import { digestInLua } from './digest.js'
import { gatheredWritesInLua } from './gathered-writes.js'
import { headsInLua, inboxRoomInLua } from './inbox-room.js'
import { stretchesInLua } from './stretches.js'

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
${stretchesInLua}
${headsInLua}
${inboxRoomInLua}
${gatheredWritesInLua}
${carryOutInLua}
local told = {}
for place = 0, ${commitsInLua} - 1 do told[place + 1] = carryOut(place) end
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
