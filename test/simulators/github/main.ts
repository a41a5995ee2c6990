import { GithubSimulator } from './server.ts'

// `npm run simulator:github [-- --port N]`: GitHub in miniature on loopback, to try the Workflow domain without an
// account. It knows one repository, acme/site, with a workflow that is green, one that failed, one that is stale and
// one that was disabled; the token is `test-token`.

const flag = process.argv.indexOf('--port')
const port = flag < 0 ? 8790 : Number(process.argv[flag + 1])
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write(`Expected --port to be from 0 to 65535, got ${process.argv[flag + 1]}\n`)
  process.exit(1)
}

const day = 86_400_000
const simulator = await GithubSimulator.start({ port })
simulator.world.runTime = 5000
const site = simulator.world.add('acme/site')
site.addRun(site.addWorkflow('green.yml'))
site.addRun(site.addWorkflow('failed.yml'), { conclusion: 'failure' })
site.addRun(site.addWorkflow('stale.yml'), { age: 3 * day, event: 'schedule' })
site.addRun(site.addWorkflow('disabled.yml', { state: 'disabled_manually' }))

process.stdout.write(
  [
    `GitHub's simulator listens at ${simulator.url}. In another terminal:`,
    `  export GITHUB_API_URL=${simulator.url} GITHUB_TOKEN=test-token`,
    'Repository acme/site, with green.yml, failed.yml, stale.yml and disabled.yml. A run takes 5 seconds.',
    '',
  ].join('\n'),
)

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    void simulator.close().then(() => process.exit(0))
  })
}
