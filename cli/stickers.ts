import { InvalidArgumentError, type Command } from 'commander'
import type { StickersAsked } from '../server/index.js'
import { Complaint, exitCodes } from './complaint.js'

const flagsAbout = 'flags of the server that say where its data is, as --data-dir'

/** Commands for the operator of a server, about its packs of stickers. @see docs/stickers.md */
export function addStickers(program: Command, say: (line: string) => void): void {
  const stickers = program.command('stickers').description('packs of stickers of a server, on the machine where its data is')
  withFlags(stickers.command('load'))
    .description('load the pack in a folder (pack.json and its pictures), or those in its subfolders')
    .argument('<folder>', 'where pack.json is')
    .argument('[options...]', flagsAbout)
    .action((folder: string, flags: readonly string[]) => run({ kind: 'load', folder }, flags, say))
  withFlags(stickers.command('list'))
    .description('list the packs that are loaded: id, name, stickers')
    .argument('[options...]', flagsAbout)
    .action((flags: readonly string[]) => run({ kind: 'list' }, flags, say))
  withFlags(stickers.command('remove'))
    .description('remove a pack; what has been sent of it stays')
    .argument('<id>', 'its id', packId)
    .argument('[options...]', flagsAbout)
    .action((id: number, flags: readonly string[]) => run({ kind: 'remove', id }, flags, say))
}

function withFlags(command: Command): Command {
  return command.allowUnknownOption().passThroughOptions()
}

function packId(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It is a number.')
  return Number(text)
}

async function run(asked: StickersAsked, flags: readonly string[], say: (line: string) => void): Promise<void> {
  const { runStickers } = await import('../server/index.js')
  const answer = await runStickers(asked, flags, { env: process.env, cwd: process.cwd() })
  if (answer.kind === 'problems') throw new Complaint(exitCodes.usage, ['Nothing was changed:', ...answer.problems].join('\n  '))
  for (const line of answer.lines) say(line)
}
