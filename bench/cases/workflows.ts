import { atMost, type Bench, type Figure, ratioOf, spreadOf } from '../lib/figure.ts'
import { GithubWorld } from '../lib/github-world.ts'
import { LivingWorkflows } from '../lib/living-workflows.ts'

const size = Object.freeze({ repositories: 100, workflowsEach: 10 })
const rounds = 5

/** What one reading of all cost. */
interface Cost {
  readonly ms: number
  readonly cpu: number
  readonly requests: number
  readonly counted: number
}

export const workflows: Bench = {
  name: 'workflows',
  title: '1,000 workflows over 100 repositories: one loop, beside two calls a workflow',
  async run() {
    const world = await GithubWorld.start()
    const domain = await LivingWorkflows.open(world.url, size)
    const measure = async (read: () => Promise<void>): Promise<Cost> => {
      await world.calls()
      const before = process.cpuUsage()
      const from = performance.now()
      await read()
      const ms = performance.now() - from
      const { user, system } = process.cpuUsage(before)
      return { ms, cpu: (user + system) / 1000, ...(await world.calls()) }
    }
    try {
      const cold = await measure(() => domain.read())
      const quiet: Cost[] = []
      const theirs: Cost[] = []
      await domain.read()
      for (let round = 0; round < rounds; round += 1) {
        quiet.push(await measure(() => domain.read()))
        theirs.push(await measure(() => twoCallsEach(world.url)))
      }
      return [
        figure('cold: counted requests', 'times', [cold.counted]),
        figure(
          'quiet loop: requests',
          'times',
          quiet.map(({ requests }) => requests),
        ),
        {
          ...figure(
            'quiet loop: counted requests',
            'times',
            quiet.map(({ counted }) => counted),
          ),
          target: atMost(0),
        },
        {
          ...figure(
            'quiet loop: CPU',
            'CPU ms',
            quiet.map(({ cpu }) => cpu),
          ),
          target: atMost(150),
        },
        figure(
          'quiet loop',
          'ms',
          quiet.map(({ ms }) => ms),
        ),
        figure(
          'two calls each: counted requests',
          'times',
          theirs.map(({ counted }) => counted),
        ),
        figure(
          'two calls each: CPU',
          'CPU ms',
          theirs.map(({ cpu }) => cpu),
        ),
        figure(
          'two calls each',
          'ms',
          theirs.map(({ ms }) => ms),
        ),
        {
          what: 'quiet loop / two calls each',
          unit: 'x',
          spread: ratioOf(
            quiet.map(({ ms }) => ms),
            theirs.map(({ ms }) => ms),
          ),
        },
      ]
    } finally {
      await domain.close()
      await world.close()
    }
  },
}

function figure(what: string, unit: Figure['unit'], values: readonly number[]): Figure {
  return { what, unit, spread: spreadOf(values) }
}

/** As Terraform's provider reads a resource: by itself, and without asking whether it changed. Eight at once. */
async function twoCallsEach(apiUrl: string): Promise<void> {
  const paths = Array.from({ length: size.repositories * size.workflowsEach }, (_, index) => {
    const repository = `/repos/acme/r${index % size.repositories}`
    return [repository, `${repository}/actions/workflows/w${Math.floor(index / size.repositories)}.yml`]
  }).flat()
  let next = 0
  const serve = async () => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      const answer = await fetch(`${apiUrl}${path}`, { headers: { authorization: 'Bearer test-token' } })
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
      await answer.json()
    }
  }
  await Promise.all(Array.from({ length: 8 }, serve))
}
