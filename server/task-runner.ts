import { type CloudProvider, ProviderOutage, type PushProvider } from '../providers/index.js'
import type { ControlToMain, Job, PushTask, Task, TaskEnd } from '../rpc/index.js'
import { newGate } from './gate.js'
import type { Providers } from './open-providers.js'
import type { ProviderWatch } from './provider-watch.js'

/** Performs what workers ask for in the outside world; never rejects. */
export type TaskRunner = (message: ControlToMain & { kind: 'perform' }) => Promise<TaskEnd>

/** Notifications under way at one push service; further ones wait for their turn. */
const pushesAtOnce = 64

/** A job whose worker has died is asked for again by the next one: while it is still under way both are told of the one end. */
export function newTaskRunner(providers: Providers, watch: ProviderWatch): TaskRunner {
  const underWay = new Map<string, Promise<TaskEnd>>()
  const runPush = pushRunner(providers.pushes, watch)

  async function runJob(job: Job): Promise<TaskEnd> {
    try {
      await performJob(job, providers)
      watch.worked(job.kind)
      return { kind: 'done' }
    } catch (error) {
      watch.failed(job.kind, error)
      return { kind: 'failed' }
    }
  }

  function run(task: Task): Promise<TaskEnd> {
    if (task.kind === 'push') return runPush(task)
    return task.kind === 'credentials' ? askCloud(providers.cloud, task.owner, watch) : runJob(task)
  }

  return (message) => {
    const known = underWay.get(message.id)
    if (known !== undefined) return known
    const running = run(message.job).finally(() => underWay.delete(message.id))
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
