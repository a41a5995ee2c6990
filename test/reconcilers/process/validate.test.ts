import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Resource } from '../../../src/core/resource.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import type { ProcessSpec } from '../../../src/reconcilers/process/spec.generated.ts'
import { makeFolder, removeFolder } from '../../support/pm2.ts'
import { declare, type Spec } from './bench.ts'

let folder = ''
beforeAll(async () => {
  folder = await makeFolder()
  await writeFile(join(folder, 'api.mjs'), '')
  await writeFile(join(folder, 'run.bin'), '')
  await chmod(join(folder, 'run.bin'), 0o755)
  await mkdir(join(folder, 'work'))
})
afterAll(() => removeFolder(folder))

async function faults(spec: Partial<Spec>, name = 'api'): Promise<readonly string[]> {
  const found: string[] = []
  const desired = declare(name, { script: './api.mjs', ...spec }, { folder }) as Resource<ProcessSpec>
  await reconciler.validate(
    desired,
    ({ severity, code, path }) => found.push(`${severity} ${code} ${path}`),
    {
      contain: async () => true,
    },
  )
  return found
}

test.each<[string, Partial<Spec>, readonly string[]]>([
  ['a plain daemon', {}, []],
  ['a program on PATH', { script: 'sleep', cwd: './work' }, []],
  ['a script that is not there', { script: './no.mjs' }, ['warning process-file-missing /spec/script']],
  ['a file written without its ./', { script: 'api.mjs' }, ['warning process-file-missing /spec/script']],
  ['a folder as script', { script: './work' }, ['warning process-file-missing /spec/script']],
  ['a cwd that is not there', { cwd: './no' }, ['warning process-file-missing /spec/cwd']],
  ['a cwd that is a file', { cwd: './api.mjs' }, ['warning process-file-missing /spec/cwd']],
  [
    'an interpreter that is not there',
    { interpreter: 'nope-3' },
    ['warning process-file-missing /spec/interpreter'],
  ],
  [
    'cluster of a binary',
    { script: './run.bin', mode: 'cluster' },
    ['error process-cluster-needs-node /spec/script'],
  ],
  [
    'cluster of a shell',
    { mode: 'cluster', interpreter: 'bash' },
    ['error process-cluster-needs-node /spec/interpreter'],
  ],
  ['cluster of Node', { mode: 'cluster', interpreter: 'node' }, []],
  [
    'two probes',
    { health: { http: { port: 1 }, tcp: { port: 1 } } },
    ['error process-probe-count /spec/health'],
  ],
  ['no probe', { health: { interval: '5s' } }, ['error process-probe-count /spec/health']],
  [
    'a probe on a job',
    { autorestart: false, health: { tcp: { port: 1 } } },
    ['error process-probe-on-job /spec/health'],
  ],
  [
    'a probe without rest',
    { health: { tcp: { port: 1 }, interval: '0s' } },
    ['error process-probe-too-quick /spec/health/interval'],
  ],
  [
    'a zero that PM2 honours',
    { minUptime: '0s', restartDelay: '0s', maxRestarts: 0, expBackoffRestartDelay: '0ms' },
    [],
  ],
  ['a kill timeout of zero', { killTimeout: '0s' }, ['error process-zero-not-honoured /spec/killTimeout']],
  [
    'a listen timeout of zero',
    { listenTimeout: '0ms' },
    ['error process-zero-not-honoured /spec/listenTimeout'],
  ],
  ['a memory limit of zero', { maxMemory: '0M' }, ['error process-zero-not-honoured /spec/maxMemory']],
  [
    'a delay longer than a timer',
    { restartDelay: '25d' },
    ['error process-duration-too-long /spec/restartDelay'],
  ],
  ['a cron of 6 fields', { cron: '30 0 3 * * *' }, []],
  ['a cron that cannot fire', { cron: '0 0 31 2 *' }, ['error process-cron-invalid /spec/cron']],
  ['a cron of 7 fields', { cron: '0 0 0 * * * 2030' }, ['error process-cron-invalid /spec/cron']],
  ['a name for a cron', { cron: '@daily' }, ['error process-cron-invalid /spec/cron']],
  [
    'a variable that PM2 takes for its name',
    { env: { name: 'x' } },
    ['error process-env-is-pm2-option /spec/env/name'],
  ],
  [
    'one that switches restarts off',
    { env: { autorestart: 'x' } },
    ['error process-env-is-pm2-option /spec/env/autorestart'],
  ],
  [
    'one that PM2 sets itself',
    { env: { NODE_APP_INSTANCE: '1' } },
    ['error process-env-is-pm2-option /spec/env/NODE_APP_INSTANCE'],
  ],
  ['our own mark', { env: { reconciled: 'x' } }, ['error process-env-is-pm2-option /spec/env/reconciled']],
  [
    'variables as programs have them',
    { env: { NAME: 'x', PORT: '1', NODE_ENV: 'production', DEBUG: '' } },
    [],
  ],
  ['watchIgnore alone', { watchIgnore: ['x'] }, ['warning process-watch-ignore-alone /spec/watchIgnore']],
  [
    'a namespace of its own name',
    { namespace: 'api' },
    ['warning process-name-is-namespace /spec/namespace'],
  ],
  ['the name all', { name: 'all' }, ['error process-name-ambiguous /spec/name']],
  ['a number as name', { name: '17' }, ['error process-name-ambiguous /spec/name']],
  ['an option as name', { name: '-x' }, ['error process-name-ambiguous /spec/name']],
])('%s', async (_, spec, expected) => {
  expect(await faults(spec)).toEqual(expected)
})

test('a number as the name of the resource is refused where it is', async () => {
  expect(await faults({}, '0')).toEqual(['error process-name-ambiguous /metadata/name'])
})
