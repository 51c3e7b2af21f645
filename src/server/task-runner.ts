import { newRateGate } from '../broker/index.js'
import { type CloudProvider, ProviderOutage, type PushProvider } from '../providers/index.js'
import type { ControlToMain, Job, PushTask, Task, TaskEnd } from '../rpc/index.js'
import { newGate } from './gate.js'
import type { Log } from './log.js'
import type { Providers } from './open-providers.js'
import type { Options } from './options-table.js'

/** Performs what workers ask for in the outside world; never rejects. */
export type TaskRunner = (message: ControlToMain & { kind: 'perform' }, address: string | undefined) => Promise<TaskEnd>

const hourSeconds = 3_600
/** Notifications under way at one push service; further ones wait for their turn. */
const pushesAtOnce = 64

/**
 * Codes asked for from one address are limited. A job whose worker has died is asked for again by the next one: while it is still under way
 * both are told of the one end.
 */
export function newTaskRunner(options: Pick<Options, 'registrationsPerHour'>, providers: Providers, log: Log): TaskRunner {
  const underWay = new Map<string, Promise<TaskEnd>>()
  const { registrationsPerHour } = options
  const gate = newRateGate(registrationsPerHour === 'off' ? 'off' : { points: registrationsPerHour, seconds: hourSeconds })
  const runPush = pushRunner(providers.pushes, log)

  async function runJob(job: Job, address: string | undefined): Promise<TaskEnd> {
    if (address !== undefined && !gate.take(address)) {
      log.warn({ event: 'registrations-limited', address }, 'too many codes asked for from one address')
      return { kind: 'failed' }
    }
    try {
      await performJob(job, providers)
      return { kind: 'done' }
    } catch (error) {
      log.warn({ event: 'provider-outage', channel: job.kind, err: error }, 'a code could not be sent')
      return { kind: 'failed' }
    }
  }

  function run(task: Task, address: string | undefined): Promise<TaskEnd> {
    if (task.kind === 'push') return runPush(task)
    return task.kind === 'credentials' ? askCloud(providers.cloud, task.owner, log) : runJob(task, address)
  }

  return (message, address) => {
    const known = underWay.get(message.id)
    if (known !== undefined) return known
    const running = run(message.job, address).finally(() => underWay.delete(message.id))
    underWay.set(message.id, running)
    return running
  }
}

function performJob(job: Job, { sms, voice, email }: Providers): Promise<void> {
  switch (job.kind) {
    case 'sms':
      return sms.send(job.phone, job.text, job.code)
    case 'voice':
      return voice.call(job.phone, job.code, job.language)
    case 'email':
      return email.send(job.to, job.subject, job.text)
  }
}

type Outages = Map<string, string>

/** Each service has its own places: whoever waits for a slow one waits for that one only. */
function pushRunner(pushes: Providers['pushes'], log: Log): (task: PushTask) => Promise<TaskEnd> {
  const gates = new Map([...pushes.keys()].map((channel) => [channel, newGate(pushesAtOnce)]))
  const outages: Outages = new Map()
  return async (task) => {
    const provider = pushes.get(task.channel)
    const gate = gates.get(task.channel)
    if (provider === undefined || gate === undefined) return { kind: 'failed' }
    return gate.run(() => send(provider, task, { outages, log }))
  }
}

async function send(provider: PushProvider, task: PushTask, { outages, log }: { outages: Outages; log: Log }): Promise<TaskEnd> {
  const { channel, token, os, note, lifeSeconds } = task
  try {
    const end = await provider.send({ token, os, lifeSeconds, ...note })
    outages.delete(channel)
    return end
  } catch (error) {
    const because = error instanceof ProviderOutage ? error.message : 'fault'
    // Once per outage, not once per notification.
    if (outages.get(channel) !== because)
      log.warn({ event: 'provider-outage', channel, err: error }, 'a push notification could not be sent')
    outages.set(channel, because)
    if (!(error instanceof ProviderOutage) || error.isPermanent) return { kind: 'failed' }
    return { kind: 'later', ...(error.retryAfterMs === undefined ? {} : { afterMs: error.retryAfterMs }) }
  }
}

async function askCloud(cloud: CloudProvider | undefined, owner: string, log: Log): Promise<TaskEnd> {
  try {
    return cloud === undefined ? { kind: 'failed' } : { kind: 'credentials', credentials: await cloud.credentialsFor(owner) }
  } catch (error) {
    log.warn({ event: 'provider-outage', channel: 'cloud', err: error }, 'no credentials could be made')
    return { kind: 'failed' }
  }
}
