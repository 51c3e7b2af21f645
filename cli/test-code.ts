/** The code of a test number, if the environment names both as it does for the server; undefined for other phones. */
export function testCodeFor(phone: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const prefixes = (env['NYNJA_TEST_NUMBERS'] ?? '').split(',').map((prefix) => prefix.trim())
  const isTest = prefixes.some((prefix) => prefix !== '' && phone.replace(/^\+/, '').startsWith(prefix))
  const code = env['NYNJA_TEST_CODE'] ?? ''
  return isTest && code !== '' ? code : undefined
}
