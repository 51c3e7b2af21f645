import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Builds the library that records what a program writes, into a folder. @returns its path */
export function buildRecorder(folder: string): string {
  const source = fileURLToPath(new URL('../../../test/power/recorder.c', import.meta.url))
  const library = `${folder}/recorder.so`
  execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', library, source, '-ldl'])
  return library
}

export interface RecorderOptions {
  readonly library: string
  /** Absolute: what is written below it is recorded, and not synced really. */
  readonly folder: string
  /** Nothing is recorded without one. */
  readonly log?: string
  readonly syncUs?: number
  /** The process is killed in the middle of this one of its `fdatasync`s, counted from 1. */
  readonly dieInSync?: number
  /** The disk says of every sync at once that it is done, and does nothing. */
  readonly isLying?: boolean
  /** Which boot of the machine the program takes this for. */
  readonly boot: number
}

/** The environment in which a program is recorded. */
export function recorderEnvironment({ library, folder, log, syncUs, dieInSync, isLying, boot }: RecorderOptions): Record<string, string> {
  return {
    LD_PRELOAD: library,
    RECORD_FOLDER: folder,
    RECORD_BOOT: `${(0x10000000 + boot).toString(16)}-0000-4000-8000-000000000000`,
    ...(log === undefined ? {} : { RECORD_LOG: log }),
    ...(syncUs === undefined ? {} : { RECORD_SYNC_US: String(syncUs) }),
    ...(dieInSync === undefined ? {} : { RECORD_DIE_IN: String(dieInSync) }),
    ...(isLying === true ? { RECORD_LIES: '1' } : {}),
  }
}
