/**
 * Slots name what was sent until it is acknowledged. 1 to 32,768 follow from the number of an inbox entry, so that what is repeated has the same one
 * without a further table; 32,769 to 49,151 are for answers; those above are no business of delivery (a door has them for itself).
 */
const inboxSlots = 0x8000
const firstAnswerSlot = inboxSlots + 1
export const lastAnswerSlot = 0xbfff

/** The slot of an inbox entry. */
export function slotOf(number: number): number {
  return ((number - 1) % inboxSlots) + 1
}

/** Anywhere among those of answers: a device that was cut between PUBREC and PUBREL of one holds its slot, and would take another under it for the same. */
export function someAnswerSlot(): number {
  return firstAnswerSlot + Math.floor(Math.random() * (lastAnswerSlot - firstAnswerSlot + 1))
}

export function nextAnswerSlot(slot: number): number {
  return slot === lastAnswerSlot ? firstAnswerSlot : slot + 1
}
