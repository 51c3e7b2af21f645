import { type Account, readAccount, writeAccount } from './account-file.js'
import { Complaint, exitCodes } from './complaint.js'
import { connectDevice, type Device, type DeviceListener } from './device.js'
import { lockProfile } from './profile-lock.js'

/** A profile's device, connected. */
export interface ProfileDevice {
  readonly account: Account
  readonly device: Device
  /** Disconnects and gives the profile back. */
  close(): Promise<void>
}

export interface ProfileChoice {
  readonly profile: string
  /** Instead of the one the profile was registered with. */
  readonly server?: string | undefined
  /** Likewise, the file of the certificates it is trusted by. */
  readonly ca?: string | undefined
}

/** The account of a profile. @throws Complaint if it has not been registered */
export function requireAccount({ profile, server, ca }: ProfileChoice): Account {
  const account = readAccount(profile)
  if (account === undefined) {
    const option = profile === 'default' ? '' : ` --profile ${profile}`
    throw new Complaint(exitCodes.account, `Nobody is registered here as "${profile}". Do it with: nynja register <phone>${option}`)
  }
  return { ...account, ...(server === undefined ? {} : { server }), ...(ca === undefined ? {} : { ca }) }
}

/** Takes the profile, connects its device, and stores tokens the server renews. @throws Complaint */
export async function openProfileDevice(
  choice: ProfileChoice & { readonly isPersistent: boolean },
  listener: DeviceListener = {},
): Promise<ProfileDevice> {
  const account = requireAccount(choice)
  const giveBack = lockProfile(choice.profile)
  let current = account
  try {
    const device = await connectDevice(
      { ...account, isPersistent: choice.isPersistent },
      {
        ...listener,
        onToken(token) {
          current = { ...current, token }
          writeAccount(choice.profile, current)
          listener.onToken?.(token)
        },
      },
    )
    return {
      account,
      device,
      async close() {
        await device.close()
        giveBack()
      },
    }
  } catch (error) {
    giveBack()
    throw error
  }
}
