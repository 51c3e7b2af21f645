import { existsSync } from 'node:fs'
import { compareAtFullLoad, isDisturbed, type Contestant } from '../compare.js'
import { tempFolder } from '../peers/temp-folder.js'
import { chatContestant, window } from './chat.js'
import { opened } from './opened.js'
import type { Scenario } from './scenario.js'

const memoryFolder = '/dev/shm'

export const durability: Scenario = {
  name: 'durability',
  about: 'the chat with its data on disk, against the same with its data in memory, where a sync costs nothing',
  run: (context) =>
    opened(async (onEnd) => {
      if (!context.hasNynja || !existsSync(memoryFolder)) return []
      const inMemory = tempFolder('nynja', memoryFolder)
      onEnd(async () => inMemory.remove())
      const named = ({ peer, rig }: Contestant, name: string): Contestant => ({ peer: { ...peer, name }, rig })
      const contestants = [
        named(await chatContestant(onEnd), 'on disk'),
        named(await chatContestant(onEnd, { dataFolder: inMemory }), 'in memory'),
      ]
      const loads = await compareAtFullLoad({ contestants, window, seconds: context.seconds, log: context.log })
      const against = { name: memoryFolder, value: loads.get('in memory')?.perSecond ?? NaN }
      return [
        {
          scenario: 'durability',
          measure: 'chat messages',
          unit: '1/s',
          value: loads.get('on disk')?.perSecond,
          against,
          isDisturbed: isDisturbed(loads),
        },
      ]
    }),
}
