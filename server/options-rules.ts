import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseGrants } from '../acl/index.js'
import { smtpProblems } from '../providers/index.js'
import { gatewayProblems } from './options-gateway-rules.js'
import { mailServer } from './options-gateways.js'
import { cloudProblems, pushProblems } from './options-push-rules.js'
import type { OptionName, Options } from './options-table.js'
import { readTlsPair } from './tls-pair.js'

/** What the fixed header, the topic and the packet id of a PUBLISH may need beside its payload, bytes. */
const publishOverheadBytes = 1_024

/** @returns one sentence for each pair of options that contradict each other; each is right by itself */
export function contradictions(options: Options, given: ReadonlySet<OptionName>): readonly string[] {
  return [
    ...tlsProblems(options, given),
    ...listenerProblems(options),
    ...testNumberProblems(options),
    ...grantProblems(options),
    ...gatewayProblems(options, given),
    ...emailProblems(options),
    ...pushProblems(options, given),
    ...cloudProblems(options),
    ...sizeProblems(options),
    ...fileProblems(options),
  ]
}

function grantProblems({ grants: entries, services }: Options): readonly string[] {
  const { grants, problems } = parseGrants(entries.join('\n'))
  const known = new Set(services.map(({ name }) => `service:${name}`))
  const strangers = grants.map(({ who }) => who).filter((who) => who.startsWith('service:') && !known.has(who))
  return [...problems, ...strangers.map((who) => `there is no ${who}, see NYNJA_SERVICES`)].map((problem) => `NYNJA_GRANTS: ${problem}`)
}

function tlsProblems({ tlsKey, tlsCert, tlsPort }: Options, given: ReadonlySet<OptionName>): readonly string[] {
  if ((tlsKey === undefined) !== (tlsCert === undefined)) return ['NYNJA_TLS_KEY and NYNJA_TLS_CERT must be given together']
  if (tlsKey === undefined && given.has('tlsPort') && tlsPort !== 'off') return ['NYNJA_TLS_PORT needs NYNJA_TLS_KEY and NYNJA_TLS_CERT']
  const read = readTlsPair({ tlsKey, tlsCert })
  return read.kind === 'problem' ? read.problems : []
}

function certificateProblems(variable: string, file: string): readonly string[] {
  let content: Buffer
  try {
    content = readFileSync(file)
  } catch {
    return [`${variable}: ${file} cannot be read`]
  }
  try {
    new X509Certificate(content)
    return []
  } catch {
    return [`${variable}: ${file} holds no certificate in PEM`]
  }
}

function listenerProblems(options: Options): readonly string[] {
  const listeners = [
    { variable: 'NYNJA_MQTT_PORT', port: options.mqttPort },
    { variable: 'NYNJA_WS_PORT', port: options.wsPort },
    { variable: 'NYNJA_TLS_PORT', port: options.tlsKey === undefined ? 'off' : options.tlsPort },
  ]
  const pages = [
    { variable: 'NYNJA_HTTP_PORT', port: options.httpPort },
    { variable: 'NYNJA_ADMIN_PORT', port: options.adminPort },
  ]
  const opened = [...listeners, ...pages].filter(({ port }) => port !== 'off' && port !== 0)
  const clashes = opened.flatMap(({ variable, port }, index) =>
    opened
      .slice(0, index)
      .filter((other) => other.port === port)
      .map((other) => `${other.variable} and ${variable} are both ${port}`),
  )
  const isDeaf = listeners.every(({ port }) => port === 'off')
  return isDeaf ? [...clashes, 'no client could connect: NYNJA_MQTT_PORT, NYNJA_WS_PORT and NYNJA_TLS_PORT are all off'] : clashes
}

function testNumberProblems({ testNumbers, testCode }: Options): readonly string[] {
  return testNumbers.length > 0 === (testCode !== '') ? [] : ['NYNJA_TEST_NUMBERS and NYNJA_TEST_CODE must be given together']
}

function emailProblems(options: Options): readonly string[] {
  const { email, smtpHost, smtpFrom, smtpCa, smtpSecurity } = options
  if (email === 'console') return smtpHost === undefined ? [] : ['NYNJA_SMTP_HOST is given, but NYNJA_EMAIL is console; set it to smtp']
  const missing = [
    ...(smtpHost === undefined ? ['NYNJA_EMAIL is smtp, but NYNJA_SMTP_HOST is not given'] : []),
    ...(smtpFrom === '' ? ['NYNJA_EMAIL is smtp, but NYNJA_SMTP_FROM is not given'] : []),
  ]
  if (missing.length > 0) return missing
  return [
    ...smtpProblems(mailServer(options)).map((problem) => `NYNJA_EMAIL (smtp): ${problem}`),
    ...(smtpCa !== undefined && smtpSecurity === 'none' ? ['NYNJA_SMTP_CA is given, but NYNJA_SMTP_SECURITY is none'] : []),
    ...(smtpCa === undefined || smtpSecurity === 'none' ? [] : certificateProblems('NYNJA_SMTP_CA', smtpCa)),
  ]
}

function sizeProblems({ maxPayloadBytes, maxPacketBytes }: Options): readonly string[] {
  if (maxPayloadBytes + publishOverheadBytes <= maxPacketBytes) return []
  return [`NYNJA_MAX_PACKET_BYTES must exceed NYNJA_MAX_PAYLOAD_BYTES by at least ${publishOverheadBytes}`]
}

function fileProblems({ filesStorage, filesS3Bucket, filesS3AccessKey, filesS3SecretKey }: Options): readonly string[] {
  const isS3 = filesStorage === 's3'
  return [
    ...(isS3 && filesS3Bucket === '' ? ['NYNJA_FILES_STORAGE is s3, but NYNJA_FILES_S3_BUCKET is not given'] : []),
    ...(!isS3 && filesS3Bucket !== '' ? ['NYNJA_FILES_S3_BUCKET is given, but NYNJA_FILES_STORAGE is disk; set it to s3'] : []),
    ...((filesS3AccessKey === '') === (filesS3SecretKey === '')
      ? []
      : ['NYNJA_FILES_S3_ACCESS_KEY and NYNJA_FILES_S3_SECRET_KEY must be given together']),
  ]
}
