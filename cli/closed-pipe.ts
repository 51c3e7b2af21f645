/**
 * Lets whoever reads stdout or stderr go away (`nynja watch | head`) without a fault of ours: what is written from then on is for nobody.
 * @returns resolves when the reader of stdout is found to be gone, which is when something is written to it
 */
export function bearClosedPipes(): Promise<void> {
  return new Promise((resolve) => {
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') throw error
        if (stream === process.stdout) resolve()
      })
    }
  })
}
