import { wallMs } from '../clock/index.js'
import type { Complaint } from './complaint.js'
import { openProfileDevice, type ProfileChoice, requireAccount } from './profile-device.js'
import { renderPush, renderPushJson } from './render.js'

/** Prints every delivery to the profile's device, one a line, until `ended`. @throws Complaint if it cannot connect */
export async function watch(
  choice: ProfileChoice & { readonly isJson: boolean },
  say: { readonly line: (line: string) => void; readonly notice: (line: string) => void },
  ended: Promise<unknown>,
): Promise<void> {
  const { dialect, token } = requireAccount(choice)
  const secrets = new Set([token])
  const render = choice.isJson ? renderPushJson : renderPush
  let bar: (because: Complaint) => void = () => undefined
  const barred = new Promise<never>((_, reject) => (bar = reject))
  const { close } = await openProfileDevice(
    { ...choice, isPersistent: true },
    {
      onPush: (push) => {
        say.line(render(push, new Date(wallMs()), dialect, secrets))
      },
      onToken: (renewed) => secrets.add(renewed),
      onLost: () => {
        say.notice('The connection is lost; trying again.')
      },
      onBack: () => {
        say.notice('Connected again.')
      },
      onBarred: bar,
    },
  )
  try {
    await Promise.race([ended, barred])
  } finally {
    await close()
  }
}
