import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NetlifySimulator } from './server.ts'
import type { SimulatedSite } from './world.ts'
import { foreignFunction, zipOf } from './zip.ts'

describe('the simulator of Netlify', () => {
  let simulator: NetlifySimulator
  let site: SimulatedSite

  beforeEach(async () => {
    simulator = await NetlifySimulator.start({ callsAMinute: 10 })
    site = await simulator.addSite('acme-site')
  })
  afterEach(async () => {
    await simulator.close()
    expect(simulator.violations).toEqual([])
  })

  const ask = (method: string, path: string, body?: unknown) =>
    fetch(`${simulator.url}${path}`, {
      method,
      headers: { authorization: 'Bearer test-token', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  const beginDeploy = () => ask('POST', `/sites/${site.id}/deploys`, { files: {} })

  it('counts calls by the minute, tells what is left, and refuses what is too much', async () => {
    const remaining: (string | null)[] = []
    const statuses: number[] = []
    for (let call = 0; call < 11; call += 1) {
      const { status, headers } = await ask('GET', `/sites/${site.id}`)
      statuses.push(status)
      remaining.push(headers.get('x-ratelimit-remaining'))
    }
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429])
    expect(remaining).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0', '0'])
    simulator.age(61_000)
    expect((await ask('GET', `/sites/${site.id}`)).status).toBe(200)
  })

  it('takes three deploys of a site a minute', async () => {
    const statuses: number[] = []
    for (let call = 0; call < 4; call += 1) statuses.push((await beginDeploy()).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    expect(site.deploys).toHaveLength(3)
    simulator.age(61_000)
    expect((await beginDeploy()).status).toBe(200)
  })

  it('drops what a deploy does not list, and really runs what it holds', async () => {
    const functions = { mine: { zip: foreignFunction('mine', 'answer of mine') } }
    site.seed({ files: { '/index.html': 'home' }, functions })
    const statusOf = async (path: string) => (await fetch(`${site.url}${path}`)).status
    expect(await (await fetch(`${site.url}/.netlify/functions/mine`)).text()).toBe('answer of mine')
    await beginDeploy()
    expect(await statusOf('/.netlify/functions/mine')).toBe(404)
    expect(await statusOf('/index.html')).toBe(404)
  })

  it('answers for functions as Netlify does: at their own paths alone, at once in the background, and never on a schedule', async () => {
    const of = (name: string, mode?: string) => ({
      zip: foreignFunction(name, `answer of ${name}`),
      ...(mode !== undefined && { mode }),
    })
    const deploy = site.seed({
      functions: {
        routed: of('routed'),
        'mail-background': of('mail-background', 'background'),
        nightly: of('nightly'),
      },
      schedules: [{ name: 'nightly', cron: '@daily' }],
    })
    Object.assign(deploy, { config: { routed: { routes: [{ literal: '/own' }] } } })
    const asked = ['/own', '/.netlify/functions/routed', '/.netlify/functions/mail-background']
    const statusOf = async (path: string) => (await fetch(`${site.url}${path}`)).status
    expect(await Promise.all([...asked, '/.netlify/functions/nightly'].map(statusOf))).toEqual([
      200, 404, 202, 404,
    ])
  })

  it('gives functions the variables as they were when their deploy was begun', async () => {
    const zip = zipOf({ 'mine.js': 'exports.handler = async () => ({ body: process.env.KEY })\n' })
    const put = (value: string) =>
      site.env.set('KEY', {
        key: 'KEY',
        is_secret: false,
        scopes: ['functions'],
        values: [{ id: 'one', context: 'all', value }],
      })
    put('old')
    site.seed({ functions: { mine: { zip } } })
    put('new')
    const answer = async () => (await fetch(`${site.url}/.netlify/functions/mine`)).text()
    expect(await answer()).toBe('old')
    site.seed({ functions: { mine: { zip } } })
    expect(await answer()).toBe('new')
  })
})
