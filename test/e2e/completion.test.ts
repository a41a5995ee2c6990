import { execFile, spawn } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const program = fileURLToPath(new URL('../../dist/reconcile.mjs', import.meta.url))
let fleet: TestFleet
beforeEach(async () => {
  fleet = await TestFleet.create({
    'manifests/a.yaml': processManifest('api', 'script: sleep'),
    'manifests/environments/production/a.yaml': processManifest('api', 'args: ["1"]'),
    'bin/reconcile': `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`,
    '.zshrc': "autoload -Uz compinit; compinit -u\nsource <(reconcile completion zsh)\nPS1='ready> '\n",
  })
  await chmod(fleet.path('bin/reconcile'), 0o755)
})
afterEach(() => fleet.destroy())

const env = () => ({
  ...fleet.env,
  ZDOTDIR: fleet.folder,
  TERM: 'xterm',
  PATH: `${fleet.path('bin')}:${fleet.env.PATH}`,
})

it.each([
  ['reconcile describe Process/', ['Process/api']],
  ['reconcile stat', ['status']],
  ['reconcile status --env ', ['production']],
  ['reconcile status --env=pro', ['--env=production']],
  ['reconcile logs -f Process/', ['Process/api']],
  // Where we know nothing, the shell offers what it always does.
  ['reconcile check manif', ['manifests/']],
])('a real fish completes `%s`', async (line, expected) => {
  const script = `reconcile completion fish | source; complete -C ${JSON.stringify(line)}`
  const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', script], {
    cwd: fleet.folder,
    env: env(),
    timeout: 60_000,
  })
  expect(stdout.split('\n').filter((each) => each !== '')).toEqual(expected)
})

it.each([
  ['reconcile describe Process/a', 'reconcile describe Process/api'],
  ['reconcile stat', 'reconcile status'],
  ['reconcile status --env=pro', 'reconcile status --env=production'],
  ['reconcile check manif', 'reconcile check manifests'],
])('a real zsh completes `%s` at a key', async (line, expected) => {
  const child = spawn('/usr/bin/script', ['-qefc', 'zsh -i', '/dev/null'], {
    cwd: fleet.folder,
    env: env(),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text = stripVTControlCharacters(text + String(chunk))
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  try {
    await eventually(() => expect(text).toContain('ready> '))
    child.stdin.write(`${line}\t`)
    await eventually(() => expect(text).toContain(expected))
    // What stands on the line by now, as zsh itself reads it: at its beginning a command that prints it is put.
    child.stdin.write('\u0001print -r -- SAID: \r')
    await eventually(() => expect(text).toMatch(new RegExp(`SAID: ${expected}/?\\s`)))
    child.stdin.write('exit\r')
    await ended
  } finally {
    child.kill('SIGKILL')
  }
})
