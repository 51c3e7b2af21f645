/** docs/reference/webhook.md tells what the webhook does. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { signatureHeader, signatureOf } from '../../providers/index.js'
import { statusOutage } from '../../providers/http-outage.js'
import { longestBackoffMs, maxAttempts } from '../../rpc/runtime/outbox/backoff.js'
import { notification } from './push-contract.js'

const page = readFileSync('docs/reference/webhook.md', 'utf8')
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1] ?? ''

test('the body of the page is one that is sent, and each of its fields is explained', () => {
  const shown = JSON.parse(block('json')) as object
  expect({ ...shown, token: '' }).toEqual({ ...notification })
  const explained = [...page.matchAll(/^\| `(\w+)` /gm)].map(([, field]) => field)
  expect(explained).toEqual(Object.keys(notification))
})

describe('the check of the signature that the page shows', () => {
  const secret = 'a secret of the webhook'
  const body = Buffer.from('{"text":"Привіт"}')
  const seconds = 1_700_000_000
  const header = signatureOf(body.toString(), secret, seconds)
  const isGenuine = async (...given: readonly unknown[]): Promise<unknown> => {
    const source = block('js')
    const { isGenuine: check } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
      isGenuine: (...given: readonly unknown[]) => unknown
    }
    return check(...given)
  }

  test('takes what the server signs', async () => {
    expect(page).toContain(`\`${signatureHeader}: t=`)
    expect(header).toBe(`t=1700000000,v1=${createHmac('sha256', secret).update(`1700000000.${body.toString()}`).digest('hex')}`)
    expect(await isGenuine(header, body, secret, seconds + 299)).toBe(true)
  })

  test('refuses another body, another key, another time and no signature', async () => {
    const others = [
      [header, Buffer.from('{}'), secret, seconds],
      [header, body, 'another secret', seconds],
      [header, body, secret, seconds + 301],
      [header.replace('t=17', 't=18'), body, secret, seconds],
      [undefined, body, secret, seconds],
      ['t=,v1=', body, secret, seconds],
    ]
    for (const other of others) expect(await isGenuine(...other)).toBe(false)
  })
})

test('the statuses that are tried again are those of the page, and so are the times', () => {
  const retried = [100, 302, 400, 401, 404, 408, 425, 429, 500, 503, 599].filter((status) => !statusOutage('s', status).isPermanent)
  expect(retried).toEqual([408, 425, 429, 500, 503, 599])
  expect(page).toContain('| 408, 425, 429, 5xx ')
  expect(page).toContain(`at most ${String(maxAttempts)} times`)
  expect(page).toContain(`up to ${String(longestBackoffMs / 60_000)} minutes`)
})
