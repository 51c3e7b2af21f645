import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { parseTopic, renderTopicsReference, topicNameOf, topicReference } from '../../topics/index.js'

test('every example of the reference is of its kind, in its canonical spelling', () => {
  for (const { kind, examples } of topicReference) {
    for (const example of examples) expect([parseTopic(example).kind, topicNameOf(parseTopic(example))]).toEqual([kind, example])
  }
})

test('docs/reference/topics.md is what the table says', () => {
  expect(readFileSync('docs/reference/topics.md', 'utf8')).toBe(renderTopicsReference())
})
