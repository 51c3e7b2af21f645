import { type CloudProvider, ProviderOutage, type PushProvider } from '../providers/index.js'
import type { ControlToMain, Job, PushTask, Task, TaskEnd } from '../rpc/index.js'
import { newGate } from './gate.js'
import { newLiveGate } from './live-gate.js'
import type { Log } from './log.js'
import type { Providers } from './open-providers.js'
import type { ProviderWatch } from './provider-watch.js'
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
export function newTaskRunner(
  optionsNow: () => Pick<Options, 'registrationsPerHour'>,
  providers: Providers,
  { watch, log }: { readonly watch: ProviderWatch; readonly log: Log },
): TaskRunner {
  const underWay = new Map<string, Promise<TaskEnd>>()
  const gate = newLiveGate(() => {
    const { registrationsPerHour } = optionsNow()
    return registrationsPerHour === 'off' ? 'off' : { points: registrationsPerHour, seconds: hourSeconds }
  })
  const runPush = pushRunner(providers.pushes, watch)

  async function runJob(job: Job, address: string | undefined): Promise<TaskEnd> {
    if (address !== undefined && !gate.take(address)) {
      log.warn({ event: 'registrations-limited', address }, 'too many codes asked for from one address')
      return { kind: 'failed' }
    }
    try {
      await performJob(job, providers)
      watch.worked(job.kind)
      return { kind: 'done' }
    } catch (error) {
      watch.failed(job.kind, error)
      return { kind: 'failed' }
    }
  }

  function run(task: Task, address: string | undefined): Promise<TaskEnd> {
    if (task.kind === 'push') return runPush(task)
    return task.kind === 'credentials' ? askCloud(providers.cloud, task.owner, watch) : runJob(task, address)
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

/** Each service has its own places: whoever waits for a slow one waits for that one only. */
function pushRunner(pushes: Providers['pushes'], watch: ProviderWatch): (task: PushTask) => Promise<TaskEnd> {
  const gates = new Map([...pushes.keys()].map((channel) => [channel, newGate(pushesAtOnce)]))
  return async (task) => {
    const provider = pushes.get(task.channel)
    const gate = gates.get(task.channel)
    if (provider === undefined || gate === undefined) return { kind: 'failed' }
    return gate.run(() => send(provider, task, watch))
  }
}

async function send(provider: PushProvider, task: PushTask, watch: ProviderWatch): Promise<TaskEnd> {
  const { channel, token, os, note, lifeSeconds } = task
  try {
    const end = await provider.send({ token, os, lifeSeconds, ...note })
    watch.worked('push', channel)
    return end
  } catch (error) {
    watch.failed('push', error, channel)
    // What makes a service unreachable is mended by people, and a notification lives for hours.
    const isRefused = !(error instanceof ProviderOutage) || (error.isPermanent && error.reason === 'refused')
    if (isRefused) return { kind: 'failed' }
    return { kind: 'later', ...(error.retryAfterMs === undefined ? {} : { afterMs: error.retryAfterMs }) }
  }
}

async function askCloud(cloud: CloudProvider | undefined, owner: string, watch: ProviderWatch): Promise<TaskEnd> {
  if (cloud === undefined) return { kind: 'failed' }
  try {
    const credentials = await cloud.credentialsFor(owner)
    watch.worked('cloud')
    return { kind: 'credentials', credentials }
  } catch (error) {
    watch.failed('cloud', error)
    return { kind: 'failed' }
  }
}
