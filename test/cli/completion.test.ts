import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { shells } from '../../src/cli/completion/scripts.ts'
import { invoke } from '../support/invoke.ts'
import { makeFolder, removeFolder } from '../support/pm2.ts'

let cwd: string
beforeEach(async () => {
  cwd = await makeFolder()
  await mkdir(join(cwd, 'manifests/environments/production'), { recursive: true })
  const manifest = (kind: string, name: string) =>
    `apiVersion: reconcile.dev/v1\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec: {}\n`
  await writeFile(
    join(cwd, 'manifests/api.yaml'),
    `${manifest('Process', 'api')}---\n${manifest('Process', 'worker')}`,
  )
  await writeFile(join(cwd, 'manifests/fleet.yaml'), manifest('Fleet', 'acme'))
  await writeFile(
    join(cwd, 'manifests/alerting.yaml'),
    `${manifest('Receiver', 'chat')}---\n${manifest('Alert', 'all')}---\napiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: site, labels: { tier: web } }\nspec: { package: ../package.json }\n`,
  )
  await writeFile(join(cwd, 'package.json'), '{ "scripts": { "build": "true", "test": "true" } }')
  await mkdir(join(cwd, 'other'))
  await writeFile(join(cwd, 'other/x.yaml'), manifest('Process', 'elsewhere'))
  // A fleet in trouble: what is broken is completed all the same, because it is what one wants to look at.
  await writeFile(join(cwd, 'manifests/broken.yaml'), `${manifest('Workflow', 'nightly')}  bad: [\n`)
  await writeFile(join(cwd, 'manifests/environments/production/api.yaml'), manifest('Process', 'api'))
})
afterEach(() => removeFolder(cwd))

async function candidates(...words: readonly string[]): Promise<readonly string[]> {
  const { out } = await invoke(['completion', 'bash', '--at', `${words.length - 1}`, '--', ...words], { cwd })
  return out.split('\n').filter((line) => line !== '')
}

describe('what a word may become', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['desc'], ['describe']],
    [
      ['describe', ''],
      ['Process/api', 'Process/worker', 'ScriptSet/site', 'Workflow/nightly'],
    ],
    [['describe', 'Process/w'], ['Process/worker']],
    [
      ['status', '-o', ''],
      ['json', 'text', 'yaml'],
    ],
    [['status', '--env', ''], ['production']],
    [['plan', '--only', 'Process/api', 'W'], ['Workflow/nightly']],
    [['status', '--env=pro'], ['--env=production']],
    // As bash cuts it.
    [['status', '--env', '=', 'pro'], ['production']],
    [['status', '--env', '='], ['production']],
    [['logs', '-f', 'Process/w'], ['Process/worker']],
    [['logs', '--file=other', 'P'], ['Process/elsewhere']],
    // It takes several folders, as the program itself understands it.
    [['logs', '--file', 'other', 'P'], []],
    [['describe', '-f', 'other', '--', 'P'], ['Process/elsewhere']],
    [['describe', '--file=other', 'P'], ['Process/elsewhere']],
    [['describe', '--file', '=', 'other', 'P'], ['Process/elsewhere']],
    [['describe', '--file', '=', 'other', '--env', '=', ''], []],
    [['alert', ''], ['test']],
    [['alert', 'test', ''], ['Receiver/chat']],
    [['events', 'R'], ['Receiver/chat']],
    [
      ['run', ''],
      ['build', 'test'],
    ],
    [['status', '-l', ''], ['tier=web']],
    [['status', '--refr'], ['--refresh']],
    [['--dry'], ['--dry-run']],
    [['import', 'p'], ['pm2']],
    [['import', 'ecosystem', ''], []],
    [['explain', 'Process.spec.maxM'], ['Process.spec.maxMemory']],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [['describe', 'Process/api', ''], []],
    [['nonsense', 'x', 'y'], []],
    [['--state', ''], []],
  ])('%j', async (words, expected) => {
    expect(await candidates(...words)).toEqual(expected)
  })

  test('every verb is offered', async () => {
    const { out } = await invoke(['--help'], { cwd })
    for (const verb of await candidates('')) expect(out).toContain(`  ${verb} `)
    expect(await candidates('')).toEqual(
      expect.arrayContaining(['check', 'import', 'init', 'status', 'watch']),
    )
  })

  test('without manifests nothing is, and nothing is complained about', async () => {
    await removeFolder(join(cwd, 'manifests'))
    const { status, out, err } = await invoke(['completion', 'zsh', '--at', '1', '--', 'describe', ''], {
      cwd,
    })
    expect([status, out, err]).toEqual([0, '', ''])
  })
})

test.each(shells)('the script for %s reads as it should', async (shell) => {
  const { status, out } = await invoke(['completion', shell], { cwd })
  expect(status).toBe(0)
  await expect(out).toMatchFileSnapshot(`./goldens/completion.${shell}.txt`)
})

test('a shell that is not known is refused', async () => {
  const { status, out, err } = await invoke(['completion', 'tcsh'], { cwd })
  expect([status, out]).toEqual([1, ''])
  expect(err).toContain('bash, zsh, fish')
})

test('a real bash completes by it', async () => {
  const main = new URL('../../src/cli/program.ts', import.meta.url).pathname
  // The program as bash would find it on PATH, without a build.
  const program = `#!${process.execPath}
const { runProgram } = await import(${JSON.stringify(main)})
const sink = (stream) => ({ write: (text) => stream.write(text), isTerminal: false, columns: 200 })
process.exitCode = await runProgram(process.argv.slice(2), { cwd: process.cwd(), env: process.env, out: sink(process.stdout),
  err: sink(process.stderr), signal: new AbortController().signal, version: '0' })
`
  const bin = join(cwd, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'package.json'), '{ "type": "module" }')
  await writeFile(join(bin, 'reconcile'), program)
  await chmod(join(bin, 'reconcile'), 0o755)
  const line = (...words: readonly string[]) => {
    const list = ['reconcile', ...words].map((word) => `'${word}'`).join(' ')
    return `COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _reconcile; echo "\${COMPREPLY[*]}"`
  }
  const script = `set -eu; source <(reconcile completion bash); complete -p reconcile
${line('describe', 'Process/a')}
${line('stat')}
${line('check', 'man')}`
  const printed = await new Promise<string>((resolve, reject) => {
    const env = { PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: cwd }
    execFile('bash', ['--norc', '-c', script], { cwd, env, timeout: 60_000 }, (error, out, err) =>
      error ? reject(new Error(`${error.message}\n${err}`)) : resolve(out),
    )
  })
  expect(printed.split('\n')).toEqual([
    'complete -o default -F _reconcile reconcile',
    'Process/api',
    'status',
    '',
    '',
  ])
})
