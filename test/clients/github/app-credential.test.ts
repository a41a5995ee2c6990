import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { appCredential } from '../../../src/clients/github/app-credential.ts'
import { openGithub } from '../../../src/clients/github/open.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { Secret } from '../../../src/core/secret.ts'
import { GithubSimulator } from '../../simulators/github/server.ts'

const site = { owner: 'acme', repo: 'site' }
const other = { owner: 'Acme', repo: 'other' }
const signal = AbortSignal.timeout(60_000)

describe('a GitHub App', () => {
  let simulator: GithubSimulator
  let key: string
  let ahead = 0

  beforeEach(async () => {
    simulator = await GithubSimulator.start()
    simulator.world.add('acme/site')
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

  it('tries anew after GitHub failed, and never takes a failed mint for a write whose outcome is open', async () => {
    const github = open()
    simulator.faults.add({ kind: '502', on: 'mintToken', times: 1 })
    await expect(
      github.dispatch(site, { workflowId: 1, branch: 'main', inputs: {} }, signal),
    ).rejects.toMatchObject({ code: 'RemoteUnavailable' })
    await expect(github.listRuns(site, signal)).resolves.toEqual([])
  })
})
