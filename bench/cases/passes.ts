import { atMost, type Bench, ratioOf, spreadOf } from '../lib/figure.ts'
import { inTurn, timed } from '../lib/in-turn.ts'
import { untilAtRest } from '../lib/machine.ts'
import {
  clear,
  countRestarts,
  ProcessFleet,
  quietProgram,
  succeed,
  untilOnline,
} from '../lib/process-fleet.ts'

const count = 100

/** From nothing, with nothing to do, and as a preview: one fleet serves for all three, since starting it takes longest. */
export const passes: Bench = {
  name: 'passes',
  title: `${count} processes of PM2: the first pass, the second with nothing to do, and a preview`,
  async run() {
    const fleet = await ProcessFleet.create(count, quietProgram)
    const { ours, theirs } = fleet
    try {
      const first = await inTurn({
        rounds: 3,
        warmUps: 0,
        rest: untilAtRest,
        prepare: async () => {
          for (const each of [ours, theirs]) await clear(each)
        },
        players: {
          ours: () => {
            return timed(async () => {
              await succeed(ours.reconcile(['--no-wait']))
              await untilOnline(ours, count)
            })
          },
          theirs: () => {
            return timed(async () => {
              await succeed(theirs.pm2(['start', 'ecosystem.config.js']))
              await untilOnline(theirs, count)
            })
          },
        },
      })
      const restartsBefore = await countRestarts(ours)
      const second = await inTurn({
        rounds: 5,
        rest: untilAtRest,
        players: {
          ours: () => timed(() => succeed(ours.reconcile(['--no-wait']))),
          theirs: () => timed(() => succeed(theirs.pm2(['startOrReload', 'ecosystem.config.js']))),
        },
      })
      const restarts = (await countRestarts(ours)) - restartsBefore
      const preview = await inTurn({
        rounds: 15,
        rest: untilAtRest,
        players: {
          ours: () => timed(() => succeed(ours.reconcile(['--dry-run']))),
          theirs: () => timed(() => succeed(theirs.pm2(['jlist']))),
        },
      })
      return [
        { what: 'first pass, from nothing', unit: 'ms', spread: spreadOf(first.ours) },
        { what: 'pm2 start of the same', unit: 'ms', spread: spreadOf(first.theirs) },
        {
          what: 'first pass / pm2 start',
          unit: 'x',
          spread: ratioOf(first.ours, first.theirs),
          target: atMost(0.6),
        },
        { what: 'second pass, nothing to do', unit: 'ms', spread: spreadOf(second.ours) },
        { what: 'pm2 startOrReload of the same', unit: 'ms', spread: spreadOf(second.theirs) },
        {
          what: 'second pass / startOrReload',
          unit: 'x',
          spread: ratioOf(second.ours, second.theirs),
          target: atMost(0.02),
        },
        { what: 'restarts by second passes', unit: 'times', spread: spreadOf([restarts]), target: atMost(0) },
        { what: 'reconcile --dry-run, nothing to do', unit: 'ms', spread: spreadOf(preview.ours) },
        { what: 'pm2 jlist', unit: 'ms', spread: spreadOf(preview.theirs) },
        {
          what: '--dry-run / pm2 jlist',
          unit: 'x',
          spread: ratioOf(preview.ours, preview.theirs),
          target: atMost(0.5),
        },
      ]
    } finally {
      await fleet.destroy()
    }
  },
}
