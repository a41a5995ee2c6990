/** Takes the lease, says so with its token, and holds it until it is killed. */
import { writeSync } from 'node:fs'
import { openLeaseKeeper } from '../../../src/state/lease.ts'
import { openFile, realClock } from '../fixtures.ts'
import { ownHolder, thisMachine } from '../this-machine.ts'

const store = await openFile(process.argv[2] ?? '')
const keeper = openLeaseKeeper({ store, clock: realClock, isAlive: thisMachine })
const lease = await keeper.acquire({ holder: ownHolder('controller') })
writeSync(1, `${lease.token}\n`)
setInterval(() => undefined, 1_000)
