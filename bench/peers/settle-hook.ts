/** Preloaded into a Node peer whose memory is measured (`node --expose-gc --import`): SIGUSR2 collects all garbage. */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  globalThis.gc?.()
})
