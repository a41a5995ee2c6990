import { GithubSimulator } from '../../test/simulators/github/server.ts'
import type { WorldMessage, WorldSummary } from '../lib/github-world.ts'

// GitHub in miniature in a process of its own, so that its share is in nobody's figures: says its address, each call that
// changes something as it comes, and how many calls there were when it is asked.

const size = Object.freeze({ repositories: 100, workflowsEach: 10, runsEach: 100 })

const simulator = await GithubSimulator.start()
simulator.isJudged = false
simulator.limit = 1_000_000
for (let index = 0; index < size.repositories; index += 1) {
  const repository = simulator.world.add(`acme/r${index}`)
  for (let number = 0; number < size.workflowsEach; number += 1) repository.addWorkflow(`w${number}.yml`)
  for (let run = 0; run < size.runsEach; run += 1) {
    const workflow = repository.workflows[run % size.workflowsEach]
    if (workflow) repository.addRun(workflow)
  }
}
const say = (message: WorldMessage) => process.send?.(message)
const writes = new Set(['enable', 'disable'])
simulator.hook = ({ route, path, phase }) => {
  if (phase === 'received' && writes.has(route)) say({ type: 'write', path, at: Date.now() })
}
process.on('message', () => {
  const calls = simulator.calls.splice(0)
  const counted = calls.filter(({ isCounted }) => isCounted).length
  say({ type: 'calls', calls: { requests: calls.length, counted } satisfies WorldSummary })
})
say({ type: 'ready', url: simulator.url })
