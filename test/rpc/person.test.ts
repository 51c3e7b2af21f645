/** Person get and set, as rpc.md 5 has them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Dialect, type Person, record } from '../../protocol/index.js'
import { persons } from '../../rpc/documents/index.js'
import type { Caller } from '../../rpc/request.js'
import { type AccountWorld, ann, boris, openAccountWorld, registrationOf, short } from './account-world.js'

let world: AccountWorld
const callers: Partial<Record<Dialect, Caller>> = {}
beforeAll(async () => {
  world = await openAccountWorld()
  callers.v1 = await world.login(await world.register('reg_A1', ann))
  callers.v11 = await world.login(await world.register('reg_A2', ann), { dialect: 'v11' })
  await world.register('reg_B1', boris)
})
afterAll(() => world.close())

const ask = (status: Person['status'], fields: Partial<Person> = {}, caller = callers.v1) =>
  world.ask(caller!, record('Person', { ...fields, status }))

test('the first verify of a phone makes its Person, further ones leave it alone', async () => {
  expect(await world.store.get(persons.key(ann))).toBeDefined()
  await ask('set', { names: 'Anna' })
  await world.register('reg_A3', ann)
  expect((await ask('get')).answers).toMatchObject([{ id: ann, names: 'Anna' }])
  await ask('set', { names: 'Ann' })
})

for (const dialect of ['v1', 'v11'] as const)
  for (const { rule, asked, told } of [
    { rule: 'get of the own one', asked: { id: ann, status: 'get' }, told: 'Person get' },
    { rule: 'get without a name', asked: { status: 'get' }, told: 'Person get' },
    { rule: 'get of another', asked: { id: boris, status: 'get' }, told: 'error not_authorized' },
    { rule: 'set of the own one', asked: { id: ann, names: 'Ann', status: 'set' }, told: 'Person set' },
    { rule: 'set without a name', asked: { names: 'Ann', status: 'set' }, told: 'Person set' },
    { rule: 'set of another', asked: { id: boris, names: 'Ann', status: 'set' }, told: 'error not_authorized' },
    { rule: 'no status', asked: { id: ann }, told: 'error invalid_data' },
  ] as const)
    test(`${dialect}: ${rule}: ${told}, and nobody else is told`, async () => {
      const { answers, pushes } = await world.ask(callers[dialect]!, record('Person', asked))
      expect(answers.map(short)).toEqual([told])
      if (told.startsWith('Person')) expect(answers[0]).toMatchObject({ id: ann, names: 'Ann', phonelist: [], balance: 0 })
      expect(pushes).toEqual([])
    })

test('a connection that is not logged in has no Person', async () => {
  const { error } = await world.ask(registrationOf('reg_X'), record('Person', { status: 'get' }))
  expect(error).toBe('not_authorized')
})

test('set replaces what is given and answers the whole, each field of it', async () => {
  const all = {
    ...{ names: 'Anna', surnames: 'Koval', username: 'anna', avatar: 'https://a', ThemeID: 'dark' },
    ...{ voxImplantID: '1', voxImplantLogin: 'l', voxImplantPassword: 'p', BlockUsers: [`${boris}_2`], isParticipants: ['room'] },
    alias: ['a', { tuple: [{ atom: 'b' }, 2, { float: 2 }] }],
    ...{ localize: [{ atom: 'uk' }], NotificationSettings: [1], SoundSettings: [[2, 3]] },
  } as const
  expect((await ask('set', { ...all, phonelist: [boris], balance: 1_000 })).answers).toEqual([
    record('Person', { id: ann, ...all, phonelist: [], balance: 0, status: 'set' }),
  ])
  const { answers } = await ask('set', { names: '', alias: ['c'] })
  expect(answers).toEqual([record('Person', { id: ann, ...all, names: '', alias: ['c'], status: 'set' })])
  expect((await ask('get')).answers).toEqual([record('Person', { id: ann, ...all, names: '', alias: ['c'], status: 'get' })])
})

test('a Person that would outgrow a PUBLISH is refused and stays as it was', async () => {
  const before = (await ask('get')).answers
  expect((await ask('set', { names: 'x'.repeat(40_000) })).error).toBeUndefined()
  expect((await ask('set', { surnames: 'x'.repeat(40_000) })).error).toBe('invalid_data')
  expect((await ask('get')).answers).toEqual([{ ...before[0], names: 'x'.repeat(40_000) }])
})

test('an account from before there were Persons has a blank one', async () => {
  await world.put(persons.remove(ann))
  expect((await ask('get')).answers).toEqual([record('Person', { id: ann, status: 'get' })])
  expect((await ask('set', { names: 'Ann' })).answers).toEqual([record('Person', { id: ann, names: 'Ann', status: 'set' })])
})
