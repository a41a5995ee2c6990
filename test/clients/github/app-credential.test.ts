import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { appCredential } from '../../../src/clients/github/app-credential.ts'
import { openGithub } from '../../../src/clients/github/open.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { Secret } from '../../../src/core/secret.ts'
import { GithubSimulator } from '../../simulators/github/server.ts'
import type { SimulatedWorkflow } from '../../simulators/github/world.ts'

const site = { owner: 'acme', repo: 'site' }
const other = { owner: 'Acme', repo: 'other' }
const signal = AbortSignal.timeout(60_000)

describe('a GitHub App', () => {
  let simulator: GithubSimulator
  let key: string
  let ci: SimulatedWorkflow
  let ahead = 0

  beforeEach(async () => {
    simulator = await GithubSimulator.start()
    ci = simulator.world.add('acme/site').addWorkflow('ci.yml')
    simulator.world.add('acme/other')
    simulator.tokens.clear()
    key = simulator.apps.add('77', 'acme')
    ahead = 0
  })

  afterEach(async () => {
    await simulator.close()
    expect(simulator.violations).toEqual([])
  })

  function open(rest: { readonly key?: string; readonly installation?: string; readonly id?: string } = {}) {
    const clock = { ...systemClock, now: () => systemClock.now() + ahead }
    const credential = appCredential({
      id: rest.id ?? '77',
      installation: rest.installation,
      privateKey: Secret.read('fromFile app.pem', rest.key ?? key, 'd'),
      apiUrl: simulator.url,
      clock,
      userAgent: 'test',
    })
    const patience = { isSpaced: false, pauses: [] }
    return openGithub({
      apiUrl: simulator.url,
      credential,
      clock,
      cache: undefined,
      userAgent: 'test',
      patience,
    })
  }

  const minted = () => simulator.callsTo('mintToken').length

  it('gets one token for all calls to an owner, and a new one before that ends', async () => {
    const github = open()
    await Promise.all([github.listWorkflows(site, signal), github.listRuns(other, signal)])
    await github.listRuns(site, signal)
    expect(minted()).toBe(1)
    expect(simulator.callsTo('getInstallation')).toHaveLength(1)
    ahead = 56 * 60_000
    simulator.world.clockAhead = ahead
    await github.listRuns(site, signal)
    expect(minted()).toBe(2)
  })

  it('takes the installation that is declared, and looks for none', async () => {
    await open({ installation: '100' }).listRuns(site, signal)
    expect(simulator.callsTo('getInstallation')).toHaveLength(0)
    await expect(open({ installation: '555' }).listRuns(site, signal)).rejects.toMatchObject({
      code: 'PermissionMissing',
    })
  })

  it('says what is wrong with its key, and sends nothing with one that is none', async () => {
    const foreign = simulator.apps.add('78', 'stranger')
    await expect(open({ key: foreign }).listRuns(site, signal)).rejects.toMatchObject({
      code: 'CredentialsRefused',
    })
    await expect(open({ id: '78', key: foreign }).listRuns(site, signal)).rejects.toMatchObject({
      code: 'PermissionMissing',
      message: expect.stringContaining('App 78 for acme/site'),
    })
    const before = simulator.calls.length
    await expect(open({ key: 'no key' }).listRuns(site, signal)).rejects.toMatchObject({
      code: 'CredentialsRefused',
      message: expect.stringContaining('fromFile app.pem'),
    })
    expect(simulator.calls).toHaveLength(before)
  })

  it('gets a new token where GitHub does not accept the old one any more', async () => {
    const github = open()
    await github.listRuns(site, signal)
    simulator.tokens.clear()
    ahead = 60_000
    await github.listRuns(site, signal)
    await github.dispatch(site, { workflowId: ci.id, branch: 'main', inputs: {} }, signal)
    expect(minted()).toBe(2)
    expect(simulator.world.repositories.get('acme/site')?.runs).toHaveLength(1)
  })

  it('finds its installation again where it was installed anew', async () => {
    const github = open()
    await github.listRuns(site, signal)
    simulator.apps.uninstall('77', 'acme')
    ahead = 60_000
    await expect(github.listRuns(site, signal)).rejects.toMatchObject({ code: 'PermissionMissing' })
    simulator.apps.install('77', 'acme')
    await github.listRuns(site, signal)
    // The token that ended is not refused: asking for the next one tells.
    simulator.apps.uninstall('77', 'acme')
    simulator.apps.install('77', 'acme')
    ahead = 56 * 60_000
    simulator.world.clockAhead = ahead
    await github.listRuns(site, signal)
  })

  it('does not get one token after another where GitHub accepts none', async () => {
    simulator.hook = () => simulator.tokens.clear()
    const github = open()
    for (let call = 0; call < 5; call += 1) {
      await expect(github.listRuns(site, signal)).rejects.toMatchObject({ code: 'CredentialsRefused' })
    }
    expect(minted()).toBe(1)
  })

  it('has a limit for each installation: one that is used up does not stop another', async () => {
    simulator.world.add('other/site')
    const second = simulator.apps.install('77', 'other')
    const github = open()
    simulator.setRemaining(`installation-${second}`, 1)
    await github.listRuns({ owner: 'other', repo: 'site' }, signal)
    expect(github.remaining).toBe(0)
    await expect(github.listWorkflows({ owner: 'other', repo: 'site' }, signal)).rejects.toMatchObject({
      code: 'RateLimited',
    })
    await github.listRuns(site, signal)
    simulator.faults.add({ kind: 'secondary', times: 1 })
    await expect(github.listWorkflows(site, signal)).rejects.toMatchObject({ code: 'RateLimited' })
  })

  it('waits where it may not ask for tokens', async () => {
    simulator.faults.add({ kind: 'secondary', on: 'mintToken', times: 1 })
    const github = open()
    await expect(github.listRuns(site, signal)).rejects.toMatchObject({ code: 'RateLimited' })
    const before = simulator.calls.length
    await expect(github.listRuns(site, signal)).rejects.toMatchObject({ code: 'RateLimited' })
    expect(simulator.calls).toHaveLength(before)
    ahead = 61_000
    simulator.world.clockAhead = ahead
    await expect(github.listRuns(site, signal)).resolves.toMatchObject({ runs: [] })
  })

  it('tries anew after GitHub failed, and never takes a failed mint for a write whose outcome is open', async () => {
    const github = open()
    simulator.faults.add({ kind: '502', on: 'mintToken', times: 1 })
    await expect(
      github.dispatch(site, { workflowId: 1, branch: 'main', inputs: {} }, signal),
    ).rejects.toMatchObject({ code: 'RemoteUnavailable' })
    await expect(github.listRuns(site, signal)).resolves.toMatchObject({ runs: [] })
  })
})
