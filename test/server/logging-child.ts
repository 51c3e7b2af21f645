/** Logs a thousand lines in one turn and ends in the way it is told: in order, or by an error of its own. */
import { openLog } from '../../server/log.js'

const log = openLog('info')
for (let number = 1; number <= 1_000; number++) log.info({ number }, 'a line')
if (process.argv[2] === 'exit') process.exit(0)
if (process.argv[2] === 'throw') throw new Error('on purpose')
