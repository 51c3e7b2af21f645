import { listenHttp, readWhole } from './push-server.js'

/** A real HTTP server that speaks the query protocol of AWS STS: AssumeRole, and nothing else. */
export interface StsServer {
  readonly endpoint: string
  /** The parameters of each request that was granted. */
  readonly granted: readonly URLSearchParams[]
  /** 200, or what every request is answered with. */
  status: number
  close(): Promise<void>
}

export const stsKey = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret of the server' }
export const stsRole = 'arn:aws:iam::123456789012:role/devices'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'
const requestId = '<RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>'

export async function startSts(): Promise<StsServer> {
  const granted: URLSearchParams[] = []
  const state = { status: 200 }
  const listening = await listenHttp((request, response) => {
    void readWhole(request).then(({ headers, body }) => {
      const asked = new URLSearchParams(body.toString())
      const isSigned = String(headers.authorization).includes(`Credential=${stsKey.accessKeyId}/`) && headers['x-amz-date'] !== undefined
      const isRight = asked.get('Action') === 'AssumeRole' && asked.get('Version') === '2011-06-15' && asked.get('RoleArn') === stsRole
      const status = isSigned && isRight ? state.status : 403
      response.writeHead(status, { 'content-type': 'text/xml' })
      if (status !== 200) {
        response.end(refusal(status))
        return
      }
      granted.push(asked)
      response.end(answer(granted.length, Number(asked.get('DurationSeconds'))))
    })
  })
  return {
    endpoint: `http://127.0.0.1:${String(listening.port)}`,
    granted,
    get status() {
      return state.status
    },
    set status(next) {
      state.status = next
    },
    close: () => listening.close(),
  }
}

/** The session token names the request it was granted to. */
function answer(number: number, lifeSeconds: number): string {
  const expiration = new Date(Date.now() + lifeSeconds * 1_000).toISOString()
  const keys = `<AccessKeyId>ASIA${String(number)}</AccessKeyId><SecretAccessKey>secret/${String(number)}</SecretAccessKey>`
  const credentials = `<Credentials>${keys}<SessionToken>${String(number - 1)}</SessionToken><Expiration>${expiration}</Expiration></Credentials>`
  const metadata = `<ResponseMetadata>${requestId}</ResponseMetadata>`
  return `<AssumeRoleResponse xmlns="${namespace}"><AssumeRoleResult>${credentials}</AssumeRoleResult>${metadata}</AssumeRoleResponse>`
}

function refusal(status: number): string {
  const [type, code] = status < 500 ? ['Sender', 'AccessDenied'] : ['Receiver', 'ServiceUnavailable']
  const error = `<Error><Type>${type}</Type><Code>${code}</Code><Message>not authorized to assume ${stsRole}</Message></Error>`
  return `<ErrorResponse xmlns="${namespace}">${error}${requestId}</ErrorResponse>`
}
