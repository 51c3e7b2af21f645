import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import {
  coreSchemas,
  ourRequests,
  publishedRequests,
  pushNames,
  type RequestName,
  requestTypes,
  wrongMemberOf,
} from '../../cadmium/index.js'
import { tableOf } from './contract.js'

const contract = readFileSync('docs/protocol/core.md', 'utf8')
/** Families whose types a table of section 5 lists by their last word. */
const families = ['auth', 'inbox', 'profile', 'contacts', 'chat', 'rooms'] as const

const listed = [
  ...families.flatMap((family, i) =>
    tableOf(`### 5.${String(i + 1)}`, 0).flatMap(([names = '']) =>
      [...names.matchAll(/`([a-z:]+)`/g)].map(([, name = '']) => `urn:nynja:${family}:${name}`),
    ),
  ),
  ...tableOf('### 5.7').map(([name = '']) => `urn:nynja:${name.replaceAll('`', '')}`),
]

test('our requests are those of the contract', () => {
  // 5.5 lists pushes in a table of its own.
  expect(Object.keys(ourRequests).sort()).toEqual(listed.sort())
})

test('the pushes that have a schema are those that the contract names', () => {
  const named = new Set([...contract.matchAll(/`(urn:nynja:on:[a-z]+)`/g)].map(([, name]) => name))
  expect([...pushNames].sort()).toEqual([...named].sort())
})

test('published requests are named in section 4', () => {
  for (const name of Object.keys(publishedRequests)) expect(contract).toContain(`\`${name}\``)
})

describe('the schema of a payload says what the check says', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true })
  const schemas = coreSchemas()
  const validate = (name: string, payload: object): boolean => {
    const schema = schemas.get(name.replaceAll(':', '.'))
    if (schema === undefined) throw new Error(`${name} has no schema`)
    return ajv.validate({ ...schema }, { id: '1', type: name, to: 'x', payload })
  }
  const send = 'urn:nynja:chat:send'
  test.each<readonly [RequestName, object, string | undefined]>([
    [send, { text: 'x' }, undefined],
    [send, { text: 'x', files: null, key: null, more: 1 }, undefined],
    [send, { text: '' }, 'text'],
    [send, { text: 7 }, 'text'],
    [send, { files: [{ mime: 'a', payload: 'b' }] }, undefined],
    [send, { files: [{ mime: 'a' }] }, 'files'],
    [send, { files: Array.from({ length: 10 }, () => ({ mime: 'a', payload: 'b' })) }, 'files'],
    [send, { text: 'x', replyTo: 7, key: 7 }, 'replyTo'],
    ['urn:nynja:inbox:ack', {}, 'seq'],
    ['urn:nynja:inbox:ack', { seq: -1 }, 'seq'],
    ['urn:nynja:inbox:ack', { seq: 1.0 }, undefined],
    ['urn:nynja:inbox:ack', { seq: 1.5 }, 'seq'],
    ['urn:nynja:inbox:ack', { seq: 2 ** 53 }, 'seq'],
    ['urn:nynja:auth:verify', { code: '12345' }, 'code'],
    ['urn:nynja:auth:verify', { code: '123456', os: 'dos' }, 'os'],
    ['urn:nynja:rooms:create', { name: 'x', kind: 'call' }, 'kind'],
    ['urn:nynja:rooms:create', { name: 'x'.repeat(33) }, 'name'],
    ['urn:nynja:rooms:invite', { users: [] }, 'users'],
    ['urn:nynja:search:users', { by: 'phone', values: ['x'], match: 'some' }, 'match'],
    ['urn:cadmium:chat:message', { type: 'urn:cadmium:chat:event:message', content: { text: 'x', media: [] } }, undefined],
    ['urn:cadmium:chat:message', { type: 'urn:cadmium:chat:event:message', content: { text: 'x', media: ['y'] } }, 'content'],
  ])('%s %j', (name, payload, wrong) => {
    expect(wrongMemberOf(requestTypes[name].payload, payload as Record<string, unknown>)).toBe(wrong)
    expect(validate(name, payload)).toBe(wrong === undefined)
  })

  test('what objects inherit is no member', () => {
    expect(wrongMemberOf(requestTypes['urn:nynja:inbox:ack'].payload, Object.create({ seq: 1 }) as Record<string, unknown>)).toBe('seq')
  })
})
