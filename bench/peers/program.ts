import { execFileSync } from 'node:child_process'

/** What a program prints when asked for its version, or `undefined` if it is not installed. */
export function versionOf(file: string, flag: string): string | undefined {
  try {
    return execFileSync(file, [flag], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5_000 }).split('\n')[0]
  } catch (error) {
    const { stdout, code } = error as { readonly stdout?: string; readonly code?: string }
    return code === 'ENOENT' ? undefined : stdout?.split('\n')[0] // mosquitto answers and exits with 3
  }
}
