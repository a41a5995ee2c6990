import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GithubSimulator } from '../simulators/github/server.ts'
import type { SimulatedRepository } from '../simulators/github/world.ts'

const run = promisify(execFile)

/** GitHub's own client against the simulator, which it reaches by a Unix socket as if it were api.github.com. */
describe('the gh of Debian', () => {
  let folder: string
  let simulator: GithubSimulator
  let site: SimulatedRepository

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gh-'))
    const socket = join(folder, 's')
    simulator = await GithubSimulator.start({ socket })
    site = simulator.world.add('acme/site')
    await gh('config', 'set', 'http_unix_socket', socket)
  })

  afterEach(async () => {
    await simulator.close()
    await rm(folder, { recursive: true, force: true })
    expect(simulator.violations).toEqual([])
  })

  async function gh(...args: readonly string[]): Promise<string> {
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      GH_CONFIG_DIR: join(folder, 'config'),
      GH_TOKEN: 'test-token',
      GH_NO_UPDATE_NOTIFIER: '1',
      NO_COLOR: '1',
    }
    const { stdout } = await run('gh', [...args], { env, timeout: 60_000 })
    return stdout
  }

  const onSite = (...args: readonly string[]) => gh(...args, '-R', 'acme/site')

  it('lists, disables and enables workflows', async () => {
    const ci = site.addWorkflow('ci.yml')
    site.addWorkflow('off.yml', { state: 'disabled_manually' })
    const list = () => onSite('workflow', 'list', '--all')
    expect(await list()).toMatch(/^ci\tactive\t\d+\noff\tdisabled_manually\t\d+\n$/)
    await onSite('workflow', 'disable', 'ci.yml')
    expect(ci.state).toBe('disabled_manually')
    expect(await list()).toMatch(/^ci\tdisabled_manually\t/)
    await onSite('workflow', 'enable', String(ci.id))
    expect(ci.state).toBe('active')
  })

  it('starts a run, lists it, and sees it end', async () => {
    const ci = site.addWorkflow('ci.yml', { outcomes: ['failure'] })
    await onSite('workflow', 'run', 'ci.yml', '--ref', 'main', '-f', 'reason=stale')
    expect(site.runs).toHaveLength(1)
    expect(site.runs[0]).toMatchObject({ workflowId: ci.id, event: 'workflow_dispatch' })
    const fields = 'databaseId,status,conclusion,event,headBranch,workflowName'
    expect(JSON.parse(await onSite('run', 'list', '--json', fields))).toEqual([
      {
        databaseId: site.runs[0]?.id,
        status: 'completed',
        conclusion: 'failure',
        event: 'workflow_dispatch',
        headBranch: 'main',
        workflowName: 'ci',
      },
    ])
  })

  it('runs again what failed, and all of it, and is refused as GitHub refuses', async () => {
    const ci = site.addWorkflow('ci.yml', { outcomes: ['failure'] })
    const failed = site.addRun(ci, { conclusion: 'failure' })
    await onSite('run', 'rerun', String(failed.id), '--failed')
    expect(failed.attempt).toBe(2)
    await onSite('run', 'list')
    expect(failed).toMatchObject({ status: 'completed', conclusion: 'failure' })
    await onSite('run', 'rerun', String(failed.id))
    expect(failed.attempt).toBe(3)
    const old = site.addRun(ci, { conclusion: 'failure', age: 40 * 86_400_000 })
    await expect(onSite('run', 'rerun', String(old.id))).rejects.toThrow()
    expect(old.attempt).toBe(1)
  })
})
