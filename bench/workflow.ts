import { ManyRepositories } from '../test/support/many-repositories.ts'

// Reads 1,000 workflows over 100 repositories: cold, warm, and after 5 repositories changed. Each reading is a start
// that knows nothing but what the state file holds. Prints a table and, with --json, JSON. The simulator runs in this
// process, so its share is in the times and in the memory.

const size = Object.freeze({ repositories: 100, workflowsEach: 10, runsEach: 100 })

const many = await ManyRepositories.create(size)
const rows = []
try {
  rows.push(await measure('cold'))
  rows.push(await measure('warm, after a restart'))
  many.change(5)
  rows.push(await measure('5 repositories changed'))
} finally {
  await many.close()
}
const workflows = size.repositories * size.workflowsEach
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ workflows, repositories: size.repositories, rows }))
else console.table(rows)

async function measure(reading: string) {
  const { ms, ...counts } = await many.read()
  const { remaining } = many.simulator
  return {
    reading,
    ...counts,
    left: remaining,
    ms,
    'MB rss': Math.round(process.memoryUsage().rss / 2 ** 20),
  }
}
