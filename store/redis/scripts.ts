import { createHash } from 'node:crypto'
import { commitScript } from './commit-script.js'
import { readScripts } from './read-scripts.js'

export type ScriptName = 'commit' | keyof typeof readScripts

/** A script as Redis keeps it, and the hash under which it is called. */
export interface Script {
  readonly source: string
  readonly hash: string
}

/** The scripts of a store whose keys begin with `prefix`, which `requirePrefix` has found in order. */
export function scriptsFor(prefix: string): Readonly<Record<ScriptName, Script>> {
  const script = (body: string): Script => {
    const source = `local PREFIX = '${prefix}'\n${body.trim()}\n`
    return { source, hash: createHash('sha1').update(source).digest('hex') }
  }
  return {
    commit: script(commitScript),
    scan: script(readScripts.scan),
    scanMessages: script(readScripts.scanMessages),
    feedHead: script(readScripts.feedHead),
    feedPlace: script(readScripts.feedPlace),
    feedPage: script(readScripts.feedPage),
    inboxHead: script(readScripts.inboxHead),
    inboxPage: script(readScripts.inboxPage),
    inboxLosses: script(readScripts.inboxLosses),
    outboxPage: script(readScripts.outboxPage),
  }
}
