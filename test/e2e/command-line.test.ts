import { afterEach, describe, expect, it } from 'vitest'
import { eventually, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

let fleet: TestFleet
afterEach(() => fleet.destroy())

/** Packages whose `build` is to be a text that it is not: what manages them needs no daemon and no network. */
async function packages(names: readonly string[], folder = 'manifests'): Promise<TestFleet> {
  fleet = await TestFleet.create()
  for (const name of names) {
    await fleet.write(`${name}/package.json`, packageText('old'))
    await fleet.write(`${folder}/${name}.yaml`, manifestOf(name))
  }
  return fleet
}

function packageText(build: string): string {
  return `${JSON.stringify({ name: 'x', scripts: { build } }, undefined, 2)}\n`
}

function manifestOf(name: string, build = 'true'): string {
  return `apiVersion: reconcile.dev/v1
kind: ScriptSet
metadata: { name: ${name} }
spec:
  package: ../${name}/package.json
  scripts: { build: "${build}" }
`
}

const buildOf = async (name: string): Promise<string> =>
  JSON.parse(await fleet.read(`${name}/package.json`)).scripts.build

describe('single files', () => {
  it('leave what stands in for the others, should those break', async () => {
    await packages(['a', 'c'])
    expect((await fleet.reconcile([])).status).toBe(0)
    expect((await fleet.reconcile(['-f', 'manifests/a.yaml'])).status).toBe(0)
    await fleet.write('manifests/c.yaml', manifestOf('c').replace('spec:', 'sepc:'))
    const run = await fleet.reconcile(['-o', 'json'])
    expect(run.status).toBe(1)
    expect(run.err).toContain('manifests/c.yaml:4')
    expect(healths(run.out)).toEqual({ 'ScriptSet/a': 'Healthy', 'ScriptSet/c': 'Healthy' })
  })
})

describe('one id that is declared twice', () => {
  it('is told with the place of the other as seen from where the person is', async () => {
    await packages(['a'])
    await fleet.write('manifests/b.yaml', manifestOf('a'))
    for (const args of [['check'], ['check', '-o', 'json']]) {
      const run = await fleet.reconcile(args)
      expect(run.out).toContain('first in manifests/a.yaml:3')
      expect(run.status).toBe(1)
    }
  })
})

describe('an environment that does not exist', () => {
  it('is told with those that do, and nothing is written for it', async () => {
    await packages(['a'])
    await fleet.write('manifests/environments/production/a.yaml', manifestOf('a', 'exit 0'))
    expect((await fleet.reconcile([])).status).toBe(0)
    for (const args of [[], ['--rebind'], ['--dry-run'], ['--dry-run', '--rebind']]) {
      const run = await fleet.reconcile(['--env', 'prodution', ...args])
      expect(run.status).toBe(1)
      expect(run.err).toContain('production')
      expect(run.err).not.toContain('StoreBound')
    }
    expect((await fleet.reconcile([])).status).toBe(0)
  })
})

describe('a state that belongs to other manifests', () => {
  it('is refused by a dry run and a new reading as by a pass, until it is said that it is meant', async () => {
    await packages(['a'])
    expect((await fleet.reconcile([])).status).toBe(0)
    await fleet.write('b/package.json', packageText('old'))
    await fleet.write('other/b.yaml', manifestOf('b'))
    const other = ['-f', 'other', '--state', '.reconcile/state.db']
    for (const args of [
      other,
      [...other, '--dry-run'],
      ['plan', ...other],
      ['status', '--refresh', ...other],
    ]) {
      const run = await fleet.reconcile(args)
      expect(run.err).toContain('StoreBound')
      expect(run.status).toBe(1)
    }
    const meant = await fleet.reconcile(['plan', ...other, '--rebind'])
    expect(meant.out).toContain('ScriptSet/b')
    expect(meant.status).toBe(0)
    expect((await fleet.reconcile([])).status).toBe(0)
  })
})

describe('a selection', () => {
  it('lists what was selected, and tells the score of the whole fleet', async () => {
    await packages(['a', 'b', 'c'])
    expect((await fleet.reconcile([])).status).toBe(0)
    const text = await fleet.reconcile(['--only', 'ScriptSet/a'])
    expect(text.out).toContain('100 %')
    expect(text.out).not.toContain('ScriptSet/b')
    expect(text.status).toBe(0)
    const json = await fleet.reconcile(['--only', 'ScriptSet/a', '-o', 'json'])
    expect(JSON.parse(json.out).health).toMatchObject({ score: 100, state: 'Healthy' })
    expect(healths(json.out)).toEqual({ 'ScriptSet/a': 'Healthy' })
  })

  it('is all that a controller looks after, which says so when it is asked for more', async () => {
    await packages(['a', 'b'])
    const watch = await fleet.watch(['--only', 'ScriptSet/a'])
    await watch.logged('controller started')
    await eventually(async () => expect(await buildOf('a')).toBe('true'))
    await fleet.write('a/package.json', packageText('drifted'))
    const part = await fleet.reconcile(['--only', 'ScriptSet/a'])
    expect(part.err).toContain(String(watch.pid))
    expect(await buildOf('a')).toBe('true')
    const whole = await fleet.reconcile([])
    expect(whole.err).toContain('what it looks after')
    expect(whole.status).toBe(1)
    expect(await buildOf('b')).toBe('old')
    const nobody = await fleet.reconcile(['watch', '--only', 'ScriptSet/nobody'])
    expect(nobody.err).toContain('ScriptSet/nobody')
    expect(nobody.status).toBe(1)
  })
})

describe('the log of a controller', () => {
  it('is JSON line by line in a pipe, faults of manifests included', async () => {
    await packages(['a', 'b'])
    await fleet.write('manifests/b.yaml', manifestOf('b').replace('scripts:', 'scirpts:'))
    const watch = await fleet.watch()
    await watch.logged('controller started')
    await fleet.write('manifests/a.yaml', manifestOf('a').replace('spec:', 'sepc:'))
    await watch.logged('"file":"manifests/a.yaml","line":4')
    watch.signal('SIGTERM')
    expect(await watch.ended).toBe(0)
    const entries = watch
      .log()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const faults = entries.filter(({ msg }) => msg === 'manifest is wrong')
    expect(faults.map(({ file, line, level }) => [file, line, level])).toContainEqual([
      'manifests/b.yaml',
      6,
      'error',
    ])
    expect(faults.map(({ file, line }) => [file, line])).toContainEqual(['manifests/a.yaml', 4])
  })
})

function healths(out: string): Record<string, string> {
  const { resources } = JSON.parse(out) as { resources: { id: string; health: string }[] }
  return Object.fromEntries(resources.map(({ id, health }) => [id, health]))
}

describe('the built program', () => {
  it('prepares editors, and a second time changes nothing', async () => {
    await packages(['a'])
    await fleet.write('.vscode/settings.json', '{\n  // mine\n  "editor.tabSize": 4,\n}\n')
    expect(await fleet.reconcile(['init', '--editor'])).toMatchObject({ status: 0, err: '' })
    const settings = await fleet.read('.vscode/settings.json')
    expect(settings).toContain('// mine')
    expect(settings).toContain('./manifests/.schemas/manifest.schema.json')
    const { out } = await fleet.reconcile(['init', '--editor'])
    expect(out.match(/: unchanged$/gm)).toHaveLength(7)
  })

  it('loads what policies need only where there is one', async () => {
    await packages(['a'])
    // Told of each file by what the loader makes of it.
    await fleet.write(
      'tell.mjs',
      `import vm from 'node:vm'
vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options)
    if (/chunk-(?:cel|patterns)/.test(options?.filename)) console.error('loaded', options.filename)
  }
}
`,
    )
    const env = { NODE_OPTIONS: `--import=${fleet.path('tell.mjs')}` }
    for (const args of [['check'], ['plan']]) {
      expect((await fleet.reconcile(args, { env })).err, args.join(' ')).toBe('')
    }
    await fleet.write(
      'manifests/policy.yaml',
      'apiVersion: reconcile.dev/v1\nkind: Policy\nmetadata: { name: named }\nspec: { for: resource, rule: \'resource.name.matches("^[a-z]")\', message: no }\n',
    )
    const { status, err } = await fleet.reconcile(['check'], { env })
    expect(status).toBe(0)
    expect(err).toMatch(/chunk-cel/)
    expect(err).toMatch(/chunk-patterns/)
  })
})

describe('output onto a full disk', () => {
  const ontoFullDisk = ['sh', '-c', 'exec "$0" "$@" > /dev/full'] as const

  it('is no success, and says so in one line', async () => {
    await packages(['a'])
    const run = await fleet.reconcile(['check'], { under: ontoFullDisk })
    expect(run).toEqual({
      status: 1,
      out: '',
      err: 'error: Could not write all of the output: ENOSPC: no space left on device, write\n',
    })
  })

  it('stops neither a pass nor a controller', async () => {
    await packages(['a', 'b'])
    expect((await fleet.reconcile([], { under: ontoFullDisk })).status).toBe(1)
    expect([await buildOf('a'), await buildOf('b')]).toEqual(['true', 'true'])
    const controller = await fleet.watch([], { under: ontoFullDisk })
    await fleet.write('a/package.json', packageText('old'))
    await eventually(async () => expect(await buildOf('a')).toBe('true'))
    controller.signal('SIGTERM')
    expect(await controller.ended).toBe(0)
  })
})

describe('a reader that goes away', () => {
  /** Its exit status is that of our program, whatever the reader says. */
  const readBy = (reader: string, streams = '') =>
    ['bash', '-c', `"$0" "$@" ${streams} | ${reader}; exit "\${PIPESTATUS[0]}"`] as const
  /** Gone before anything is printed. */
  const nobody = 'true'

  it('changes no result, and cuts no pass short', async () => {
    await packages(['a', 'b'])
    // A warning, which is printed before anything is done.
    await fleet.write('manifests/empty.yaml', '# nothing yet\n')
    const pass = await fleet.reconcile([], { under: readBy(nobody, '2>&1') })
    expect(pass.status, pass.err).toBe(0)
    expect([await buildOf('a'), await buildOf('b')]).toEqual(['true', 'true'])
    await fleet.remove('manifests/empty.yaml')
    for (const args of [
      ['status'],
      ['status', '-o', 'json'],
      ['events'],
      ['report', '-o', 'html'],
      ['plan'],
    ]) {
      const run = await fleet.reconcile(args, { under: readBy(nobody) })
      expect([args, run.status, run.err]).toEqual([args, 0, ''])
    }
    await fleet.write('manifests/a.yaml', manifestOf('a').replace('scripts:', 'required: [gone]\n  scripts:'))
    await fleet.reconcile([])
    expect((await fleet.reconcile(['health'], { under: readBy(nobody) })).status).toBe(2)
    expect((await fleet.reconcile(['health'], { under: readBy('head -1') })).status).toBe(2)
  })

  it('ends what would print for ever, and that is no failure', async () => {
    await packages(['a'])
    const watch = await fleet.reconcile(['watch'], { under: readBy('head -1', '2>&1'), limit: 60_000 })
    expect(watch.status, watch.out).toBe(0)
    // It let go of the fleet: nobody has to wait for it.
    expect((await fleet.reconcile(['--timeout', '5s'])).status).toBe(0)
    await fleet.write('services/talk.mjs', 'setInterval(() => console.log("still here"), 100)\n')
    await fleet.write('manifests/talk.yaml', processManifest('talk', 'script: ../services/talk.mjs'))
    expect((await fleet.reconcile([])).status).toBe(0)
    const args = ['logs', 'Process/talk', '--follow']
    const logs = await fleet.reconcile(args, { under: readBy('head -1'), limit: 60_000 })
    expect(logs.out).toContain('still here')
    expect(logs.status, logs.err).toBe(0)
  })
})

describe('a call that is not understood', () => {
  it.each([
    [['--env', 'staging', 'status']],
    [['-f', 'manifests', 'plan']],
    [['-q', '--dry-run', 'check']],
    [['--env', 'plan', 'status']],
  ])('says that options come after the verb: %s', async (args) => {
    await packages(['a'])
    const run = await fleet.reconcile(args)
    expect(run.status).toBe(1)
    expect(run.err).toContain(`options come after the verb: \`reconcile ${args.at(-1)} ...\``)
    expect(await buildOf('a')).toBe('old')
  })

  it('takes what is the value of an option, or the name of a file, for that', async () => {
    await packages(['a'], 'plan')
    expect((await fleet.reconcile(['--dry-run', '-f', 'plan'])).out).toContain('ScriptSet/a')
    expect((await fleet.reconcile(['--dry-run', '--quiet', '--file', 'plan', 'plan'])).status).toBe(0)
    expect((await fleet.reconcile(['-f', 'plan', '--env', 'status'])).err).toContain('unknown-environment')
  })

  it('of events of what nobody knows is not taken for peace', async () => {
    await packages(['a'])
    expect((await fleet.reconcile([])).status).toBe(0)
    const run = await fleet.reconcile(['events', 'ScriptSet/b'])
    expect(run).toMatchObject({ status: 1, out: '' })
    expect(run.err).toContain('Nothing is known of ScriptSet/b')
    expect((await fleet.reconcile(['events', 'ScriptSet/a'])).out).toContain('ScriptSet/a')
  })
})

describe('help', () => {
  it.each(['plan', 'down', 'suspend'])('of %s is that of its option, and no failure', async (verb) => {
    fleet = await TestFleet.create()
    const [asked, option] = [await fleet.reconcile(['help', verb]), await fleet.reconcile([verb, '--help'])]
    expect(asked).toEqual(option)
    expect(asked).toMatchObject({ status: 0, err: '' })
  })

  it.each([[['help']], [['help', '--quiet']], [['help', '--no-wait']]])('makes no pass: %s', async (args) => {
    await packages(['a'])
    const run = await fleet.reconcile(args)
    expect(run.out).toContain('Usage: reconcile [verb] [options]')
    expect(run.status).toBe(0)
    expect(await buildOf('a')).toBe('old')
  })

  it('fits a terminal of 80 columns', async () => {
    fleet = await TestFleet.create()
    for (const args of [['--help'], ['plan', '--help'], ['import', '--help']]) {
      const { out } = await fleet.reconcile(args, { env: { COLUMNS: '80' } })
      expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    }
  })

  it('shows what may be typed, and nothing that is refused', async () => {
    fleet = await TestFleet.create()
    expect((await fleet.reconcile(['pass', '--help'])).out).toMatch(/--timeout <duration> .*default: 2m/)
    expect((await fleet.reconcile(['suspend', '--help'])).out).toContain('suspend <resource> --reason <text>')
    expect((await fleet.reconcile(['down', '--help'])).out).not.toContain('--only')
    expect((await fleet.reconcile(['help', 'nope'])).err).toContain("unknown verb 'nope'")
  })
})
