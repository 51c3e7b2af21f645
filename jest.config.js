/** Runs the compiled tests; nothing is transformed, so what is tested is what is shipped. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/dist'],
  testMatch: ['<rootDir>/dist/test/**/*.test.js'],
  transform: {},
  testTimeout: 30_000,
  maxWorkers: 2,
}
