// Imported for its effect by what prints: a reader of stdout or stderr that goes away (`| head`) is no fault, the work is done to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error
  })
}
