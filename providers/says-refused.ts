/** Fields, in whatever spelling, in which gateways say what is wrong; they are absent, empty or zero where nothing is. */
const complaintFields = new Set(['error', 'errors', 'errorcode', 'errormessage', 'errortext', 'errormsg'])
const consentFields = new Set(['success', 'ok', 'accepted'])
const stateFields = new Set(['status', 'state', 'result'])
const refusingStates = new Set(['error', 'err', 'fail', 'failed', 'failure', 'rejected', 'refused', 'denied'])
const deepest = 4

/**
 * Whether the body of a 2xx answer says that the message was refused: a JSON object with an error in it, or a text that begins with ERR or FAIL.
 * What cannot be read says nothing.
 */
export function saysRefused(body: string): boolean {
  try {
    return complains(JSON.parse(body), deepest)
  } catch {
    return /^\s*(err|error|fail|failed|failure)\b/i.test(body)
  }
}

function complains(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth === 0) return false
  if (Array.isArray(value)) return value.some((one) => complains(one, depth - 1))
  return Object.entries(value).some(([name, part]: [string, unknown]) => {
    const field = name.toLowerCase().replaceAll(/[^a-z]/g, '')
    if (complaintFields.has(field)) return isSomething(part)
    if (consentFields.has(field)) return part === false
    if (stateFields.has(field) && typeof part === 'string') return refusingStates.has(part.toLowerCase())
    return complains(part, depth - 1)
  })
}

function isSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return ![undefined, null, false, 0, '', '0', 'null', 'none'].includes(value as string)
}
