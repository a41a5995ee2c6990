import { queryObjects } from 'node:v8'
import { expect, test } from 'vitest'
import { Controller } from '../../src/engine/controller.ts'
import type { StoredLedger } from '../../src/state/ledger.ts'
import { createMemoryDisk, type MemoryDisk } from '../../src/state/memory.ts'
import { declare, model, modelledFleet } from '../support/modelled-fleet.ts'

const hour = 3_600_000
const day = 24 * hour
/** History is as long as this, so that from the third day on as much goes as comes. */
const keep = 2 * day
const levelFrom = 3
/**
 * The modelled domain remembers the names of what it made, and the ledger those of what is gone, up to a number: one of
 * each an hour, three objects together. A pass that kept one object would keep 1,900.
 */
const mostNewObjects = 400

/** What is kept at one moment: records of each collection, and objects of the whole program. */
interface Kept {
  readonly rows: Readonly<Record<string, number>>
  readonly objects: number
}

function keptIn(disk: MemoryDisk): Kept {
  // What is gone is bounded by its number, which a week does not reach: test/state/ledger.test.ts.
  const rows = [...disk.collections]
    .filter(([name]) => name !== 'gone')
    .map(
      ([
        name,
        {
          rows: { size },
        },
      ]) => [name, size] as const,
    )
  return { rows: Object.fromEntries(rows), objects: queryObjects(Object, { format: 'count' }) }
}

/** What is kept at the end of each of seven days of a controller that is visited by trouble every hour. */
async function keptEachDay(): Promise<readonly Kept[]> {
  const disk = createMemoryDisk({ id: 'store-1' })
  let isDown = false
  let prune: StoredLedger['prune'] | undefined
  const fleet = modelledFleet({
    disk,
    ledger(opened) {
      prune = opened.prune
      return opened
    },
    faults: {
      read: () =>
        isDown
          ? { type: 'error', latency: 5 }
          : { type: 'answered', latency: 5, staleVersions: 0, unreadable: [] },
    },
  })
  const { time, outside } = fleet
  let hours = 0
  const lasting = Array.from({ length: 8 }, (_, index) => `m${index}`)
  /** One goes and another comes, with a name of its own, every hour. */
  const passing = () => [`passing-${hours}`, `passing-${hours + 1}`]
  const controls = { interval: 180_000 }
  const read = async () =>
    declare([...lasting, ...passing()].map((name) => model(name, { fields: { colour: 'red' } }, controls)))
  const controller = new Controller(fleet.world, { read })
  const end = new AbortController()
  const run = controller.run(end.signal)
  const days: Kept[] = []
  while (days.length < 7) {
    for (let step = 0; step < 24; step += 1) {
      await time.pass(hour / 2)
      hours += 1
      await time.run(controller.reread())
      // One ends by itself, another is changed by hand, and once a day nothing can be read for ten minutes.
      outside.change(`m${hours % 8}`, { state: 'stopped' })
      outside.change(`m${(hours + 3) % 8}`, { fields: { colour: `${hours}` } })
      isDown = step === 12
      await time.pass(hour / 6)
      isDown = false
      await time.pass(hour / 3)
      // As `watch` does.
      if (prune) await time.run(prune(keep))
    }
    days.push(keptIn(disk))
  }
  end.abort(new Error('the test is over'))
  await time.run(run)
  return days
}

test('a week of visits, of trouble every hour and of ever new names leaves behind no more than two days do', async () => {
  const days = await keptEachDay()
  const [early, late] = [days[levelFrom - 1], days.at(-1)]
  if (!early || !late) throw new Error('Expected seven days')
  // It did happen, and was written down.
  expect(early.rows.event).toBeGreaterThan(4 * 48)
  expect(early.rows['sample-quarter']).toBeGreaterThan(0)
  expect(late.rows).toEqual(early.rows)
  expect(late.objects - early.objects).toBeLessThan(mostNewObjects)
}, 300_000)
