import { spawn } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { processIdentity } from '../../src/clients/host/process-identity.ts'
import { eventually, TestFleet } from '../support/fleet.ts'

const program = fileURLToPath(new URL('../../dist/reconcile.mjs', import.meta.url))

const manifest = (spec: string, name = 'site') => `apiVersion: reconcile.dev/v1
kind: ScriptSet
metadata: { name: ${name} }
spec:
  package: ../package.json
${spec.replaceAll(/^/gm, '  ')}
`

const packageText = `{
\t"name": "site",
\t"scripts": {
\t\t"build": "node build.js",
\t\t"build:safe": "node safe.js",
\t\t"lint": "node lint.js",
\t\t"hang": "node hang.js"
\t}
}`

const programs = {
  'package.json': packageText,
  'build.js': 'console.log("building"); process.exit(7)',
  'safe.js': 'console.log("built safely")',
  'lint.js': 'console.log("no faults")',
  'hang.js': 'require("node:fs").writeFileSync("pid", process.pid + "\\n"); setInterval(() => 0, 1000)',
}

let fleet: TestFleet
beforeEach(async () => {
  fleet = await TestFleet.create(programs)
})
afterEach(() => fleet.destroy())

const declare = (spec: string) => fleet.write('manifests/site.yaml', manifest(spec))

async function status() {
  const { out } = await fleet.reconcile(['status', '-o', 'json'])
  const { resources } = JSON.parse(out) as {
    resources: {
      health: string
      sync: string
      message: string
      children: { name: string; message: string }[]
    }[]
  }
  return resources[0]
}

const events = async () => (await fleet.reconcile(['events'])).out

/** The pid that the hanging script wrote. */
async function hangingPid(): Promise<number> {
  let pid = 0
  await eventually(async () => {
    const text = await fleet.read('pid')
    expect(text).toMatch(/\n$/)
    pid = Number(text)
  }, 60_000)
  return pid
}

const isGone = (pid: number) =>
  eventually(async () => expect(await processIdentity(pid)).toBeUndefined(), 30_000)

/** Runs a verb on a terminal of its own, as `script` makes one, and types something when it has printed something. */
function onTerminal(
  verb: string,
  typed: { readonly when: string; readonly press: string; readonly later?: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = `"${process.execPath}" "${program}" ${verb}; echo "ended with $?"`
    const child = spawn('/usr/bin/script', ['-qefc', command, '/dev/null'], {
      cwd: fleet.folder,
      env: fleet.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let text = ''
    let isTyped = false
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    child.stdout.on('data', (chunk) => {
      text += String(chunk)
      // What a shell echoes of the command itself is not yet what it prints.
      if (isTyped || !text.split('\n').some((line) => line.trim().endsWith(typed.when))) return
      isTyped = true
      child.stdin.write(typed.press)
      if (typed.later !== undefined) setTimeout(() => child.stdin.write(typed.later), 500)
    })
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
  })
}

describe('a set of scripts, end to end', () => {
  it('is restored byte for byte, checked through npm, and then left alone', async () => {
    await declare('scripts: { lint: node lint.js }\nchecks: { lint: { every: 6h } }')
    const drifted = packageText.replace('node lint.js', 'node lint.js || true')
    await fleet.write('package.json', drifted)
    const plan = await fleet.reconcile(['--dry-run', '--detailed-exitcode'])
    expect(plan.status).toBe(2)
    expect(plan.out).toContain('"node lint.js || true" -> "node lint.js"')
    expect(await fleet.read('package.json')).toBe(drifted)

    const pass = await fleet.reconcile([])
    expect(pass.out + pass.err).toContain('npm run lint, for at most 5m')
    expect(pass.status).toBe(0)
    expect(await fleet.read('package.json')).toBe(packageText)
    expect(await status()).toMatchObject({ health: 'Healthy', sync: 'Synced' })
    expect((await fleet.reconcile(['plan', '--detailed-exitcode'])).status).toBe(0)
  })

  it('says what does not resolve, and fails the pass', async () => {
    await fleet.write('package.json', packageText.replace('node lint.js', 'npm run lint-all'))
    await declare('required: [build]')
    expect((await fleet.reconcile([])).status).toBe(1)
    const found = await status()
    expect(found?.health).toBe('Degraded')
    expect(found?.children).toContainEqual(
      expect.objectContaining({
        name: 'lint',
        message: 'error: runs the script `lint-all`, which does not exist',
      }),
    )
  })

  it('that is not JSON is Unknown and untouched', async () => {
    await declare('scripts: { lint: node lint.js }')
    await fleet.write('package.json', '{ "scripts": { "lint": "x" ')
    expect((await fleet.reconcile([])).status).toBe(1)
    expect((await status())?.health).toBe('Unknown')
    expect(await fleet.read('package.json')).toBe('{ "scripts": { "lint": "x" ')
  })

  it('may not lie outside of the fleet root, and must exist', async () => {
    await fleet.write('.git/HEAD', 'ref: refs/heads/main\n')
    await fleet.write(
      'manifests/out.yaml',
      manifest('required: [a]', 'out').replace('../package', '/tmp/package'),
    )
    await symlink(tmpdir(), fleet.path('linked'))
    await fleet.write('manifests/link.yaml', manifest('required: [a]', 'link').replace('../', '../linked/'))
    await fleet.write('manifests/gone.yaml', manifest('required: [a]', 'gone').replace('../', '../gone/'))
    const { status: exit, out } = await fleet.reconcile(['check'])
    expect(exit).toBe(1)
    expect(out.match(/path-outside-root/g)).toHaveLength(2)
    expect(out).toContain('script-set-package-missing')
  })

  it('is checked by a controller on its schedule, which an edit of package.json wakes', async () => {
    await fleet.write('package.json', packageText.replace('node lint.js', 'node lint.js >> runs'))
    await declare('resolve: none\nrequired: [deploy]\nchecks: { lint: { every: 1s } }\ninterval: 1h')
    const controller = await fleet.watch()
    await eventually(async () => {
      const runs = (await fleet.read('runs')).match(/no faults/g) ?? []
      expect(runs.length).toBeGreaterThanOrEqual(3)
    }, 60_000)
    await eventually(async () => expect((await status())?.health).toBe('Degraded'), 30_000)
    await fleet.write('package.json', packageText.replace('"build":', '"deploy": "node safe.js", "build":'))
    await eventually(async () => expect((await status())?.health).toBe('Healthy'), 30_000)
    controller.signal('SIGTERM')
    expect(await controller.ended).toBe(0)
  })

  it('is checked by one pass in all that its plan said, though one check outlasts the time of the pass', async () => {
    await fleet.write('package.json', packageText.replace('node hang.js', 'sleep 4'))
    await declare(
      'scripts: { lint: node ./lint.js }\nchecks: { hang: { every: 6h }, lint: { every: 6h }, build:safe: { every: 6h } }',
    )
    const { out } = await fleet.reconcile(['plan', '-o', 'json'])
    const { resources } = JSON.parse(out) as { resources: { actions: { summary: string }[] }[] }
    expect(resources[0]?.actions.map(({ summary }) => summary)).toEqual([
      'restore the script lint in ../package.json',
      'npm run hang, for at most 5m',
      'npm run lint, for at most 5m',
      'npm run build:safe, for at most 5m',
    ])
    const pass = await fleet.reconcile(['--timeout', '1s'])
    expect(pass.status).toBe(0)
    expect(await status()).toMatchObject({ health: 'Healthy', sync: 'Synced' })
    expect((await status())?.message).toContain('3 checks pass')
    expect(await events()).toMatch(/Normal +Healthy +ScriptSet\/site/)
  })

  it('leaves nothing of a check running when its controller is killed', async () => {
    await declare('checks: { hang: { every: 1h, timeout: 10m } }')
    const controller = await fleet.watch()
    const pid = await hangingPid()
    controller.signal('SIGKILL')
    await controller.ended
    await isGone(pid)
    await fleet.write('hang.js', '')
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(await status()).toMatchObject({ health: 'Healthy' })
  })
})

describe('logs and imports of scripts', () => {
  it('shows what a check printed', async () => {
    await declare('checks: { lint: { every: 6h } }')
    expect((await fleet.reconcile(['logs', 'ScriptSet/site'])).err).toContain('has printed nothing yet')
    await fleet.reconcile([])
    const { out, status: exit } = await fleet.reconcile(['logs', 'ScriptSet/site', '-o', 'json'])
    expect(exit).toBe(0)
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toContainEqual(
      expect.objectContaining({ source: 'lint', stream: 'out', text: 'no faults' }),
    )
  })

  it('imports a package.json as a set that passes check and is healthy at once', async () => {
    const imported = await fleet.reconcile(['import', 'npm', 'package.json'])
    expect(imported.status).toBe(0)
    const text = await fleet.read('manifests/site.yaml')
    expect(text).toContain('package: ../package.json')
    expect(text).toMatch(/fallbacks:\s+build:\s+- build:safe/)
    expect((await fleet.reconcile(['check', '--strict'])).status).toBe(0)
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(await fleet.read('package.json')).toBe(packageText)
  })
})

describe('reconcile run', () => {
  const safe =
    'fallbacks: { build: [gone, build:safe] }\nresolve: none\nrecovery: { backoff: { initial: 100ms } }'

  it('tries a script again, then what takes its place, and ends as the last one did', async () => {
    await declare(`${safe}\nretries: { build: 1 }`)
    const run = await fleet.reconcile(['run', 'build'])
    expect(run.status).toBe(0)
    expect(run.out.match(/^building$|^built safely$/gm)).toEqual(['building', 'building', 'built safely'])
    expect(run.err).toContain('build failed with exit code 7')
    expect(run.err).toContain('gone does not exist and is passed over')
    expect(run.err).toContain('Path taken: build (exit 7) -> build (exit 7) -> build:safe (exit 0)\n')
    expect(await events()).toMatch(/Warning +ScriptRun +ScriptSet\/site +Path taken: build \(exit 7\)/)
  })

  it('gives the exit code of a script without a way out', async () => {
    await declare('required: [build]')
    const run = await fleet.reconcile(['run', 'build', '-q'])
    expect(run.status).toBe(7)
    expect(run.err).toContain('Path taken: build (exit 7)')
  })

  it('never runs beside a check of the same script, whoever is first', async () => {
    await fleet.write(
      'slow.js',
      'const { appendFileSync } = require("node:fs"); appendFileSync("log", "begin\\n"); setTimeout(() => appendFileSync("log", "end\\n"), 2000)',
    )
    await fleet.write('package.json', packageText.replace('node lint.js', 'node slow.js'))
    const log = () => fleet.read('log').catch(() => '')
    await declare('checks: { lint: { every: 1h } }')
    const pass = fleet.start([])
    await eventually(async () => expect(await log()).toContain('begin'), 60_000)
    const second = await fleet.reconcile(['run', 'lint'])
    expect(second.err).toContain('lint waits for the end of a check of it')
    expect(second.status).toBe(0)
    expect(await pass.ended).toBe(0)
    expect(await log()).toBe('begin\nend\nbegin\nend\n')

    await declare('checks: { hang: { every: 1h } }')
    const run = fleet.start(['run', 'hang'])
    const pid = await hangingPid()
    const waiting = await fleet.reconcile(['--timeout', '1s'])
    expect(waiting.status).toBe(1)
    expect(Number(await fleet.read('pid'))).toBe(pid)
    run.signal('SIGTERM')
    await run.ended
    await isGone(pid)
  })

  it('runs nothing for a name that only the manifest has', async () => {
    await declare('fallbacks: { bild: [build:safe] }')
    const run = await fleet.reconcile(['run', 'bild'])
    expect(run.status).toBe(1)
    expect(run.err).toContain('Cannot run bild: ScriptSet/site has no such script')
    expect(run.out).not.toContain('built safely')
  })

  it('prints the way and starts nothing in a dry run', async () => {
    await declare(`${safe}\nretries: { build: 2 }`)
    const run = await fleet.reconcile(['run', 'build', '--dry-run'])
    expect(run.status).toBe(0)
    expect(run.out).toBe(
      [
        '1. npm run build, up to 3 times (after 100ms, 200ms)',
        '2. npm run gone, which does not exist and is passed over',
        '3. npm run build:safe',
        'Dry run: nothing was started.',
        '',
      ].join('\n'),
    )
    expect(await fleet.reconcile(['events']).then(({ out }) => out)).not.toContain('ScriptRun')
  })

  it('says which script was meant, and starts nothing where two sets have it', async () => {
    await declare('required: [build]')
    const unknown = await fleet.reconcile(['run', 'build-safe'])
    expect(unknown.status).toBe(1)
    expect(unknown.err).toContain('Did you mean build:safe?')
    await fleet.write('other/package.json', '{ "scripts": { "build": "node -e 0" } }')
    await fleet.write(
      'manifests/other.yaml',
      manifest('required: [build]', 'other').replace('../', '../other/'),
    )
    const several = await fleet.reconcile(['run', 'build'])
    expect(several.status).toBe(1)
    expect(several.err).toContain('--only ScriptSet/other')
    expect((await fleet.reconcile(['run', 'build', '--only', 'ScriptSet/other'])).status).toBe(0)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends the whole group at %s', async (signal, code) => {
    await declare('required: [build]')
    const run = fleet.start(['run', 'hang'])
    const pid = await hangingPid()
    run.signal(signal)
    expect(await run.ended).toBe(code)
    await isGone(pid)
    expect(run.log()).toContain('Path taken: hang (ended); interrupted')
  })

  it('gives a script the terminal that it runs in, and takes it back', async () => {
    const ask = 'echo who? > /dev/tty && read -r name < /dev/tty && echo it is $name'
    await fleet.write('package.json', packageText.replace('node lint.js', ask))
    await declare('fallbacks: { build: [lint] }')
    const text = await onTerminal('run build', { when: 'who?', press: 'me\r' })
    expect(text).toContain('it is me')
    expect(text).toContain('Path taken: build (exit 7) -> lint (exit 0)')
    expect(text).toContain('ended with 0')
  })

  it('keeps its hands off a terminal that it shares with what reads its output', async () => {
    await declare('fallbacks: { build: [build:safe] }')
    const reader = 'read -r key < /dev/tty; echo "read $key"; cat'
    const text = await onTerminal(`run build | (echo ready; ${reader})`, { when: 'ready', press: 'x\r' })
    expect(text).toContain('read x')
    expect(text).toContain('built safely')
  })

  it('ends the whole way at Ctrl-C, which the script hears, and goes on at Ctrl-Z', async () => {
    await fleet.write('hang.js', `console.log("hangs"); ${programs['hang.js']}`)
    await declare('fallbacks: { hang: [build:safe] }')
    const text = await onTerminal('run hang', { when: 'hangs', press: '\u001a', later: '\u0003' })
    expect(text).toContain('Path taken: hang (ended); interrupted')
    expect(text).not.toContain('built safely')
    expect(text).toContain('ended with 130')
    await isGone(await hangingPid())
  })

  it('leaves nothing running when it is killed', async () => {
    await declare('required: [build]')
    const run = fleet.start(['run', 'hang'])
    const pid = await hangingPid()
    run.signal('SIGKILL')
    await run.ended
    await isGone(pid)
  })
})
