// Makes a release from a clean tree: check, test, changelog and version, commit, tag. Usage: npm run release -- patch|minor|major|x.y.z
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import './closed-pipe.mjs'

const run = (command, ...args) => execFileSync(command, args, { stdio: 'inherit' })
const read = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).trim()

function fail(message) {
  console.error(message)
  process.exit(1)
}

/** Turns what stands under "Unreleased" into the section of this version, and opens an empty one above it. */
function datedChangelog(changelog, version) {
  const heading = '## Unreleased'
  const start = changelog.indexOf(`${heading}\n`)
  if (start < 0) fail(`CHANGELOG.md has no "${heading}" section`)
  const body = changelog.slice(start + heading.length)
  if (/^\s*(## |$)/.test(body)) fail('Nothing is written under "Unreleased" in CHANGELOG.md')
  const today = new Date().toISOString().slice(0, 10)
  return `${changelog.slice(0, start)}${heading}\n\n## ${version} - ${today}${body}`
}

const bump = process.argv[2]
if (!/^(patch|minor|major|\d+\.\d+\.\d+)$/.test(bump ?? '')) fail('Usage: npm run release -- patch|minor|major|x.y.z')
if (read('git', 'status', '--porcelain') !== '') fail('The working tree is not clean')

run('npm', 'run', 'check')
run('npm', 'test')
run('npm', 'version', bump, '--no-git-tag-version')
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
writeFileSync('CHANGELOG.md', datedChangelog(readFileSync('CHANGELOG.md', 'utf8'), version))
run('git', 'commit', '-m', `release: ${version}`, '--', 'package.json', 'package-lock.json', 'CHANGELOG.md')
run('git', 'tag', '-a', `v${version}`, '-m', `nynja-broker ${version}`)
console.log(`Tagged v${version}. Push with: git push --follow-tags`)
