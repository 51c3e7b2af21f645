// Compiles to dist/, after removing what was compiled from files that are gone: a deleted test must not run on.
// With --if-newer nothing is done unless a source, or what the compiler is told, has changed since the last build that succeeded.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import './closed-pipe.mjs'

const { include: folders } = JSON.parse(readFileSync('tsconfig.json', 'utf8'))
/** Empty; its time is when the last build that succeeded began. */
const stamp = join('dist', '.built')

/** Folders count as well: theirs is the time at which a file was added or removed. */
function* inputs() {
  yield* ['tsconfig.json', 'package-lock.json', join('scripts', 'build.mjs')]
  for (const folder of folders) {
    if (!existsSync(folder)) continue // the image is built without tests
    yield folder
    for (const name of readdirSync(folder, { recursive: true })) yield join(folder, name)
  }
}

function isUpToDate() {
  if (!existsSync(stamp)) return false
  const builtAt = statSync(stamp).mtimeMs
  for (const path of inputs()) if (statSync(path).mtimeMs >= builtAt) return false
  return true
}

function removeOrphans() {
  for (const name of readdirSync('dist'))
    if (!name.startsWith('.') && !folders.includes(name)) rmSync(join('dist', name), { recursive: true })
  for (const folder of folders) {
    const compiled = join('dist', folder)
    if (!existsSync(compiled)) continue
    for (const name of readdirSync(compiled, { recursive: true })) {
      const stem = /^(.*)\.js(\.map)?$/.exec(name)?.[1]
      if (stem !== undefined && !existsSync(join(folder, `${stem}.ts`))) rmSync(join(compiled, name))
    }
  }
}

/** @returns the exit code */
function build() {
  mkdirSync('dist', { recursive: true })
  rmSync(stamp, { force: true })
  const began = new Date()
  removeOrphans()
  const compiler = join('node_modules', 'typescript-native', 'bin', 'tsc')
  const code = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { stdio: 'inherit' }).status ?? 1

  // `nynja` is run as a program; the compiler leaves the bit out.
  const program = join('dist', 'cli', 'main.js')
  if (existsSync(program)) chmodSync(program, 0o755)
  if (code === 0) {
    writeFileSync(stamp, '')
    utimesSync(stamp, began, began)
  }
  return code
}

if (!(process.argv.includes('--if-newer') && isUpToDate())) process.exitCode = build()
