import { patienceMs } from './dist/test/patience.js'

/** Runs the compiled tests; nothing is transformed, so what is tested is what is shipped. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/dist'],
  testMatch: ['<rootDir>/dist/test/**/*.test.js'],
  transform: {},
  cacheDirectory: '<rootDir>/dist/.jest',
  // A test waits for several things.
  testTimeout: 4 * patienceMs,
  maxWorkers: 2,
}
