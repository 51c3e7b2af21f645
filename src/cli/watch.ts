import { Complaint, exitCodes } from './complaint.js'
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
  let bar = (): void => undefined
  const barred = new Promise<'barred'>(
    (resolve) =>
      (bar = () => {
        resolve('barred')
      }),
  )
  const { close } = await openProfileDevice(
    { ...choice, isPersistent: true },
    {
      onPush: (push) => {
        say.line(render(push, new Date(), dialect, secrets))
      },
      onToken: (renewed) => secrets.add(renewed),
      onLost: () => {
        say.notice('The connection is lost; trying again.')
      },
      onBack: () => {
        say.notice('Connected again.')
      },
      onBarred: () => {
        bar()
      },
    },
  )
  const end = await Promise.race([ended, barred])
  await close()
  if (end === 'barred') throw new Complaint(exitCodes.account, 'The server does not know this device any more. Register again.')
}
