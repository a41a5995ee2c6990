import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Called, type CallOptions, callVerb, pages, shownColours } from '../../support/called.ts'
import { killDaemonsOf } from '../../support/fleet.ts'
import { removeFolder } from '../../support/pm2.ts'
import { Sink } from '../../support/sink.ts'
import { makeVerbFleet, verbFleets } from '../../support/verb-fleets.ts'

/** What is told in ages must not depend on how fast this machine is: the wall clock stands still. */
const time = vi.hoisted(() => ({ now: Date.UTC(2026, 2, 1, 12) }))
vi.mock('../../../src/clients/host/clock.ts', async (original) => {
  const real = await original<typeof import('../../../src/clients/host/clock.ts')>()
  return { ...real, systemClock: { ...real.systemClock, now: () => time.now } }
})

type FleetName = keyof typeof verbFleets
const fleetNames = Object.keys(verbFleets) as FleetName[]

interface Shown {
  readonly folder: string
  readonly page: (typeof pages)[number]
  readonly call: (args: readonly string[], options?: CallOptions) => Promise<Called>
}

/** How a verb is shown: what is typed, and how the fleet must be before. */
interface Entry {
  readonly args: readonly string[] | ((fleet: FleetName) => readonly string[])
  /** It changes something: every page begins with a fleet of its own, or with one that is as it was before. */
  readonly acts?: 'each' | 'in-turn'
  /** Instead of being called once, to its end. */
  readonly show?: (shown: Shown, args: readonly string[]) => Promise<Called>
  /** Keeps what is the same on every machine. */
  readonly keep?: (text: string) => string
}

const id = (fleet: FleetName) => (fleet === 'healthy' ? 'ScriptSet/site' : 'Process/api')

/** Draws the screen once, and quits. */
async function quitAtOnce({ call }: Shown, args: readonly string[]): Promise<Called> {
  let press: ((key: string) => void) | undefined
  return call(args, {
    readKeys: (onKey) => {
      press = onKey
      return () => undefined
    },
    onOut: (text) => {
      if (text.includes('\u001b[H')) press?.('q')
    },
  })
}

/** Runs until it has read its manifests, and is interrupted. */
async function interruptWhenSettled({ call }: Shown, args: readonly string[]): Promise<Called> {
  const interruption = new AbortController()
  let text = ''
  return call(args, {
    signal: interruption.signal,
    onErr: (more) => {
      text += more
      if (text.includes('manifests read')) interruption.abort(new Error('interrupted by SIGINT'))
    },
  })
}

/** Checks of the fleet alone: those of the machine differ from one to the other. */
function ofTheFleet(text: string): string {
  const kept: string[] = []
  let isKept = false
  for (const line of text.split('\n')) {
    const check = /^(?:<\d+>)?(?:ok|warning|error|unknown)\s*(?:<\d+>)?\s+([a-z0-9-]+)/.exec(line)?.[1]
    if (check !== undefined) isKept = ['manifests', 'store', 'pm2', 'github', 'netlify'].includes(check)
    else if (!/^\s/.test(line)) isKept = false
    if (isKept) kept.push(line)
  }
  return kept.join('\n')
}

const entries: Readonly<Record<string, Entry>> = {
  pass: { args: ['--timeout', '100ms'], acts: 'each' },
  plan: { args: ['plan'] },
  apply: { args: ['apply', 'plan.json', '--timeout', '100ms'], acts: 'each', show: planFirst },
  watch: { args: ['watch'], acts: 'in-turn', show: interruptWhenSettled },
  start: { args: ['start'], acts: 'in-turn', show: inTurn(['stop']) },
  stop: { args: ['stop'] },
  restart: { args: ['restart'], acts: 'in-turn', show: inTurn(['stop']) },
  check: { args: ['check'] },
  'diff-env': { args: ['diff-env', 'staging', 'production'] },
  status: { args: ['status'] },
  describe: { args: (fleet) => ['describe', id(fleet)] },
  events: { args: ['events'] },
  logs: { args: (fleet) => ['logs', id(fleet)] },
  health: { args: ['health'] },
  run: { args: (fleet) => ['run', fleet === 'healthy' ? 'build' : 'publish', '--dry-run'] },
  report: { args: ['report'] },
  monitor: { args: ['monitor'], show: quitAtOnce },
  suspend: {
    args: (fleet) => ['suspend', id(fleet), '--reason', 'moving house', '--by', 'ada'],
    acts: 'each',
  },
  resume: { args: (fleet) => ['resume', id(fleet)], acts: 'each' },
  rollback: { args: ['rollback'], acts: 'each' },
  down: { args: ['down', '--yes', '--timeout', '100ms'], acts: 'each' },
  import: { args: ['import', 'ecosystem', 'ecosystem.config.cjs', '--out', 'imported'], acts: 'each' },
  alert: { args: ['alert', 'test', 'Receiver/hook'] },
  init: { args: ['init', '--out', 'begun'], acts: 'each' },
  doctor: { args: ['doctor'], keep: ofTheFleet },
  explain: { args: ['explain', 'ScriptSet.spec.required'] },
  completion: { args: ['completion', 'fish'] },
}

/** Saves a plan, and applies it. */
async function planFirst({ call }: Shown, args: readonly string[]): Promise<Called> {
  await call(['plan', '--out', 'plan.json'])
  return call(args)
}

/** Calls it, and then what ends what it began. */
function inTurn(end: readonly string[]): Required<Entry>['show'] {
  return async ({ call }, args) => {
    const program = process.argv[1]
    process.argv[1] = wrapper
    try {
      const called = await call(args)
      await call(end)
      return called
    } finally {
      if (program !== undefined) process.argv[1] = program
    }
  }
}

/** The program as PM2 runs it, without a build. */
let wrapper = ''
let sink: Sink
const folders: string[] = []
const readOnly = new Map<FleetName, string>()

beforeAll(async () => {
  sink = await Sink.open()
  const tools = await makeVerbFleet({ 'package.json': '{ "type": "module" }' })
  folders.push(tools)
  wrapper = join(tools, 'reconcile.js')
  const main = new URL('../../../src/cli/program.ts', import.meta.url).pathname
  await writeFile(
    wrapper,
    `const { runProgram } = await import(${JSON.stringify(main)})
const sink = (stream) => ({ write: (text) => stream.write(text), isTerminal: false, columns: 200 })
const end = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => end.abort(new Error(name)))
process.exitCode = await runProgram(process.argv.slice(2), { cwd: process.cwd(), env: process.env, out: sink(process.stdout),
  err: sink(process.stderr), signal: end.signal, version: '0.0.0-test' })
`,
  )
  for (const fleet of fleetNames) readOnly.set(fleet, await passedFleet(fleet))
})
afterAll(async () => {
  await sink.close()
  for (const folder of folders) {
    await killDaemonsOf(join(folder, 'p'))
    await removeFolder(folder)
  }
})
afterEach(() => {
  time.now = Date.UTC(2026, 2, 1, 12)
})

const env = (fleet: FleetName) => ({
  HOOK: fleet === 'healthy' ? sink.url : 'http://127.0.0.1:9/hook',
  RECONCILE_ALLOW_HOST: `${sink.host},127.0.0.1:9`,
  // One copy of PM2 for all fleets of tests.
  XDG_DATA_HOME: join(tmpdir(), 'reconciled-test-data'),
})

/** A fleet that a pass looked at 12 seconds ago. */
async function passedFleet(fleet: FleetName): Promise<string> {
  time.now = Date.UTC(2026, 2, 1, 12) - 12_000
  const folder = await makeVerbFleet(verbFleets[fleet])
  folders.push(folder)
  await callVerb(folder, ['--timeout', '100ms'], { env: env(fleet) })
  await mkdir(join(folder, 'p'), { recursive: true })
  time.now = Date.UTC(2026, 2, 1, 12)
  return folder
}

/** What differs from run to run, in the same number of columns where lines are broken by them. */
function masked(text: string, folder: string): string {
  return shownColours(text)
    .replaceAll('\u001b', '<ESC>')
    .replaceAll(folder, '<FOLDER>')
    .replaceAll(wrapper, '<PROGRAM>')
    .replaceAll(sink.host, '<SINK>')
    .replace(/\bpid \d+/g, 'pid <PID>')
    .replace(/"pid":\d+/g, '"pid":<PID>')
    .replace(/^\[\d\d:\d\d:\d\d\]( \S+) \(\d+\)/gm, '[<TIME>]$1 (<PID>)')
    .replace(/^\[\d\d:\d\d:\d\d\]/gm, '[<TIME>]')
    .replace(/\bin \d+ms\b/g, 'in <TIME>')
    .replace(/^Passes: median [^.]*\./gm, 'Passes: <TIMES>.')
    .replace(/"time":"[^"]+"/g, '"time":"<TIME>"')
}

test('every verb has an entry', async () => {
  const { out } = await callVerb('/tmp', ['--help'])
  const verbs = [...out.matchAll(/^ {2}([a-z][a-z-]*)(?= |\|)/gm)].map(([, verb = '']) => verb)
  expect(verbs.length).toBeGreaterThan(20)
  expect(Object.keys(entries).sort()).toEqual(verbs.filter((verb) => verb !== 'help').sort())
})

describe.each(Object.entries(entries))('%s', (verb, entry) => {
  test('prints what a person reads, on a healthy fleet and on one in trouble, on every page', async () => {
    const sections: string[] = []
    for (const fleet of fleetNames) {
      const shared = entry.acts === 'in-turn' ? await passedFleet(fleet) : readOnly.get(fleet)
      for (const page of pages) {
        const folder = entry.acts === 'each' ? await passedFleet(fleet) : (shared ?? '')
        const args = typeof entry.args === 'function' ? entry.args(fleet) : entry.args
        const call: Shown['call'] = (words, options) =>
          callVerb(folder, words, { ...page, env: env(fleet), ...options })
        const { status, out, err } = entry.show
          ? await entry.show({ folder, page, call }, args)
          : await call(args)
        const told = (text: string) => {
          const shown = masked(text, folder).trimEnd()
          return entry.keep ? entry.keep(shown) : shown
        }
        sections.push(
          `==== ${fleet}, ${page.name}: reconcile ${args.join(' ')}`,
          ...(out === '' ? [] : [told(out)]),
          ...(err === '' ? [] : ['---- standard error', told(err)]),
          `---- exit ${status}`,
          '',
        )
      }
    }
    await expect(sections.join('\n')).toMatchFileSnapshot(`../goldens/verbs/${verb}.txt`)
  }, 120_000)
})
