/**
 * Commits pairs of records with a running number and says each number once it is durable: from one number on, for
 * ever or up to another; then it stays with the file open.
 */
import { writeSync } from 'node:fs'
import { openFile } from '../fixtures.ts'

const store = await openFile(process.argv[2] ?? '')
const from = Number(process.argv[3])
const end = Number(process.argv[4] ?? Number.POSITIVE_INFINITY)
for (let number = from; number < end; number += 1) {
  await store.commit([
    { type: 'put', collection: 'left', key: `n${number}`, value: { number, filler: 'x'.repeat(2000) } },
    { type: 'put', collection: 'right', key: `n${number}`, value: number },
  ])
  writeSync(1, `${number}\n`)
}
setInterval(() => undefined, 1_000)
