import { systemClock } from '../src/clients/host/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import type { Wanted } from '../src/core/reconciler.ts'
import { resourceId } from '../src/core/resource.ts'
import { Secret } from '../src/core/secret.ts'
import { connectWorkflows } from '../src/reconcilers/workflow/connection.ts'
import type { WorkflowSpec } from '../src/reconcilers/workflow/spec.generated.ts'
import { GithubSimulator } from '../test/simulators/github/server.ts'
import { defaultControls, defaultFleet } from '../test/support/modelled-fleet.ts'
import { SeededRandom } from '../test/support/seeded-random.ts'

// Reads 1,000 workflows over 100 repositories: cold, warm, and after 5 repositories changed. Prints a table and, with
// --json, JSON. The simulator runs in this process, so its share is in the times and in the memory.

const repositories = 100
const workflowsEach = 10
const runsEach = 100

const simulator = await GithubSimulator.start()
simulator.isJudged = false
const wanted: Wanted<WorkflowSpec>[] = []
for (let index = 0; index < repositories; index += 1) {
  const repository = simulator.world.add(`acme/r${index}`)
  for (let number = 0; number < workflowsEach; number += 1) {
    const name = `r${index}-w${number}`
    repository.addWorkflow(`w${number}.yml`)
    wanted.push({
      id: resourceId('Workflow', name),
      owned: undefined,
      unconfirmed: [],
      desired: {
        id: resourceId('Workflow', name),
        kind: 'Workflow',
        name,
        labels: {},
        annotations: {},
        spec: {
          repository: `acme/r${index}`,
          path: `.github/workflows/w${number}.yml`,
          state: 'active',
          green: { within: '24h' },
        },
        controls: defaultControls,
        origin: { file: '/manifests/all.yaml', line: 1, column: 1 },
        unresolved: [],
      },
    })
  }
  for (let run = 0; run < runsEach; run += 1) {
    const workflow = repository.workflows[run % workflowsEach]
    if (workflow) repository.addRun(workflow)
  }
}

const connection = await connectWorkflows(
  {
    fleet: {
      ...defaultFleet,
      github: { apiUrl: simulator.url, token: Secret.read('bench', 'test-token', 'bench') },
    },
    env: {},
    clock: systemClock,
    random: new SeededRandom(1),
    logger: silentLogger,
    store: { id: 'bench', location: '' },
    mayRunCommands: true,
  },
  // Counted, however slow the machine is.
  { request: 120_000, reading: 600_000 },
)

const rows = []
try {
  rows.push(await measure('cold'))
  rows.push(await measure('warm'))
  for (let index = 0; index < 5; index += 1) {
    const repository = simulator.world.repositories.get(`acme/r${index}`)
    const [workflow] = repository?.workflows ?? []
    if (repository && workflow) repository.addRun(workflow)
  }
  rows.push(await measure('5 repositories changed'))
} finally {
  await connection.close()
  await simulator.close()
}
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ workflows: wanted.length, repositories, rows }))
else console.table(rows)

async function measure(reading: string) {
  simulator.calls.length = 0
  const left = simulator.remaining
  const from = performance.now()
  const { readings } = await connection.observe(wanted, new AbortController().signal)
  return {
    reading,
    requests: simulator.calls.length,
    counted: simulator.calls.filter(({ isCounted }) => isCounted).length,
    'left before': left,
    'left after': simulator.remaining,
    unreadable: [...readings.values()].filter(({ type }) => type === 'unreadable').length,
    ms: Math.round(performance.now() - from),
    'MB rss': Math.round(process.memoryUsage().rss / 2 ** 20),
  }
}
