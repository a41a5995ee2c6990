import { writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { settleTimes } from '../../src/manifests/settling.ts'
import { TestFleet } from '../../test/support/fleet.ts'
import { workflowManifest } from '../../test/support/workflow-manifest.ts'
import { atMost, type Bench, spreadOf } from '../lib/figure.ts'
import { GithubWorld } from '../lib/github-world.ts'

const size = Object.freeze({ repositories: 100, workflowsEach: 10 })
const rounds = 20

/** Of workflows, because 1,000 processes would measure the memory of the machine. */
export const saveToEffect: Bench = {
  name: 'save-to-effect',
  title: `one of 1,000 manifests is saved under watch, until its effect is begun; an editor has ${settleTimes.quiet} ms to settle`,
  async run() {
    const world = await GithubWorld.start()
    const fleet = await TestFleet.create(
      Object.fromEntries(
        Array.from({ length: size.repositories * size.workflowsEach }, (_, index) => {
          const [repository, number] = [index % size.repositories, Math.floor(index / size.repositories)]
          return [fileOf(repository, number), manifestOf(repository, number, 'active')]
        }),
      ),
    )
    try {
      const env = { GITHUB_API_URL: world.url, GITHUB_TOKEN: 'test-token' }
      const controller = await fleet.watch([], { env })
      await untilHealthy(fleet)
      const taken: number[] = []
      for (let round = 0; round < rounds; round += 1) {
        await setTimeout(2_000)
        const begun = world.nextWrite(`r${round}`)
        await writeFile(fleet.path(fileOf(round, 0)), manifestOf(round, 0, 'disabled'))
        const saved = Date.now()
        taken.push((await begun) - saved)
      }
      controller.signal('SIGTERM')
      await controller.ended
      const beyond = taken.map((ms) => ms - settleTimes.quiet)
      return [
        { what: 'from the save to the call', unit: 'ms', spread: spreadOf(taken) },
        { what: 'of it beyond the settling', unit: 'ms', spread: spreadOf(beyond), target: atMost(100) },
      ]
    } finally {
      await fleet.destroy()
      await world.close()
    }
  },
}

const fileOf = (repository: number, number: number) => `manifests/r${repository}-w${number}.yaml`

function manifestOf(repository: number, number: number, state: string): string {
  return workflowManifest(
    `r${repository}-w${number}`,
    `repository: acme/r${repository}\npath: .github/workflows/w${number}.yml\nstate: ${state}`,
  )
}

async function untilHealthy(fleet: TestFleet): Promise<void> {
  const end = performance.now() + 120_000
  for (;;) {
    const { out } = await fleet.reconcile(['status', '-o', 'json'])
    if (out !== '' && (JSON.parse(out) as { health: { score: number | null } }).health.score === 100) return
    if (performance.now() > end) throw new Error(`The fleet did not become Healthy: ${out.slice(0, 2000)}`)
    await setTimeout(500)
  }
}
