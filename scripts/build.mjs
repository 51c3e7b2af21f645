// Compiles to dist/, after removing what was compiled from files that are gone: a deleted test must not run on.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import './closed-pipe.mjs'

for (const folder of ['src', 'test', 'bench']) {
  const compiled = join('dist', folder)
  if (!existsSync(compiled)) continue
  for (const name of readdirSync(compiled, { recursive: true })) {
    const stem = /^(.*)\.js(\.map)?$/.exec(name)?.[1]
    if (stem !== undefined && !existsSync(join(folder, `${stem}.ts`))) rmSync(join(compiled, name))
  }
}

const compiler = join('node_modules', 'typescript', 'bin', 'tsc')
process.exitCode = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { stdio: 'inherit' }).status ?? 1

// `nynja` is run as a program; the compiler leaves the bit out.
const program = join('dist', 'src', 'cli', 'main.js')
if (existsSync(program)) chmodSync(program, 0o755)
