import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { atMost, type Bench, spreadOf } from '../lib/figure.ts'
import { inTurn, timed } from '../lib/in-turn.ts'
import { ProcessFleet, quietProgram, succeed } from '../lib/process-fleet.ts'

const run = promisify(execFile)

export const check: Bench = {
  name: 'check',
  title: 'reconcile check of 100 manifests, beside a Node.js that does nothing',
  async run() {
    const { ours, theirs } = await ProcessFleet.create(100, quietProgram)
    try {
      const taken = await inTurn({
        rounds: 25,
        players: {
          check: () => timed(() => succeed(ours.reconcile(['check']))),
          nothing: () => timed(() => run(process.execPath, ['-e', '0'], { env: ours.env })),
        },
      })
      const more = taken.check.map((ms, index) => ms - (taken.nothing[index] ?? 0))
      return [
        { what: 'reconcile check', unit: 'ms', spread: spreadOf(taken.check) },
        { what: 'node -e 0', unit: 'ms', spread: spreadOf(taken.nothing) },
        { what: 'more than node -e 0, in pairs', unit: 'ms', spread: spreadOf(more), target: atMost(50) },
      ]
    } finally {
      await ours.destroy()
      await theirs.destroy()
    }
  },
}
