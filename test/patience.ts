/**
 * How long a test waits for what must come, ms: a bound that tells a test that fails from one that goes on, and no expectation of how fast a
 * machine is that has other things to do. Whoever breaks things on purpose may want a shorter one: `NYNJA_TEST_PATIENCE_S=20 npm test -- pump`.
 */
export const patienceMs = 1_000 * Number(process.env['NYNJA_TEST_PATIENCE_S'] ?? 300)
