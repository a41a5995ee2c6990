import { describe, expect, test } from 'vitest'
import { checkChange, checkNewProcess } from '../../../src/clients/pm2/check-config.ts'
import type { ConfigChange, NewProcess } from '../../../src/clients/pm2/process-config.ts'
import { ReconcileError } from '../../../src/core/errors.ts'

const good: NewProcess = {
  name: 'api',
  execPath: '/srv/api.mjs',
  cwd: '/srv',
  interpreter: 'node',
  mode: 'fork',
  env: { PATH: '/usr/bin' },
  instances: 1,
}

function codeOf(action: () => void): string | undefined {
  try {
    action()
  } catch (error) {
    return error instanceof ReconcileError ? error.code : `thrown ${String(error)}`
  }
  return undefined
}

/** What a caller without types could send. */
function withField(field: string, value: unknown): NewProcess {
  return { ...good, [field]: value }
}

describe('a new process', () => {
  test('that is whole is accepted', () => {
    expect(codeOf(() => checkNewProcess(good))).toBeUndefined()
    const full: NewProcess = {
      ...good,
      args: ['--x', ''],
      cronRestart: '*/5 * * * *',
      restartDelay: 0,
      maxRestarts: 0,
      minUptime: 0,
      stopExitCodes: [0, 255],
      watch: ['src'],
      reconciled: { a: [1, { b: null }] },
    }
    expect(codeOf(() => checkNewProcess(full))).toBeUndefined()
  })

  test.each(['name', 'execPath', 'cwd', 'interpreter', 'mode', 'env', 'instances'])('needs %s', (field) => {
    expect(codeOf(() => checkNewProcess(withField(field, undefined)))).toBe('InvalidCall')
  })

  test.each<[string, unknown, string]>([
    ['name', 'a\0b', 'NUL ends the daemon’s file calls'],
    ['execPath', 'srv/api.mjs', 'relative to the daemon’s folder'],
    ['cwd', '.', 'relative to the daemon’s folder'],
    ['args', 'a b', 'a text, split by nobody'],
    ['args', ['a\0'], 'NUL'],
    ['nodeArgs', [1], 'not a text'],
    ['mode', 'cluster_mode', 'the daemon’s own word'],
    ['env', {}, 'ignored by a restart'],
    ['env', { A: 1 }, 'not a text'],
    ['env', { 'A=B': 'x' }, 'a name with ='],
    ['env', { '': 'x' }, 'an empty name'],
    ['env', { name: 'evil' }, 'becomes the name of the process'],
    ['env', { autorestart: 'false' }, 'becomes the option'],
    ['env', { A: '[object Object]' }, 'left out by PM2'],
    ['cronRestart', '@daily', 'ends the daemon'],
    ['cronRestart', ', * * * *', 'hangs the daemon'],
    ['cronRestart', 5, 'not a text'],
    ['maxMemoryRestart', 0, 'restarts for ever'],
    ['killTimeout', 0, 'taken for the default'],
    ['listenTimeout', 0, 'taken for the default'],
    ['restartDelay', -1, 'negative'],
    ['restartDelay', 2 ** 31, 'longer than a timer: it fires at once'],
    ['minUptime', Number.NaN, 'not a number'],
    ['stopExitCodes', [256], 'no exit code'],
    ['outLogPath', 'x.log', 'relative'],
    ['outLogPath', '/a\0.log', 'NUL ends the daemon'],
    ['mergeLogs', 'yes', 'not a boolean'],
    ['reconciled', 'text', 'a scalar would reach the child'],
    ['reconciled', ['x'], 'a list'],
    ['instances', 0, 'all processors, to PM2'],
    ['instances', 129, 'a slip'],
    ['instances', 'max', 'NaN, to PM2'],
    ['watch', [], 'watches the folder'],
    ['watch', [''], 'no path'],
    ['watch', 'src', 'not a list'],
    ['ignoreWatch', [1], 'not a text'],
  ])('with %s %j is refused: %s', (field, value) => {
    expect(codeOf(() => checkNewProcess(withField(field, value)))).toBe('InvalidCall')
  })

  test('is refused without telling what is in its environment', () => {
    const secret = withField('env', { TOKEN: 'hunter2\0' })
    expect(() => checkNewProcess(secret)).toThrow(/^((?!hunter2).)*$/s)
  })
})

describe('a change', () => {
  test.each<[ConfigChange, string]>([
    [{}, 'nothing'],
    [{ set: { args: [] } }, 'no arguments'],
    [{ set: { env: { A: 'null' } } }, 'the environment is replaced as a whole'],
    [{ unset: ['args', 'cronRestart'] }, 'back to the defaults'],
    [{ dropEnv: ['OLD'] }, 'a variable to drop'],
  ])('%j is accepted: %s', (change) => {
    expect(codeOf(() => checkChange('api', change))).toBeUndefined()
  })

  test.each<[ConfigChange, string]>([
    [{ set: { name: 'null' } }, 'PM2 would delete the name'],
    [{ set: { args: ['null'] } }, 'PM2 would delete the arguments'],
    [{ set: { args: ['x'] }, unset: ['args'] }, 'both at once'],
    [{ dropEnv: ['name'] }, 'PM2 would delete the name'],
    [{ set: { env: { A: '1' } }, dropEnv: ['A'] }, 'both at once'],
    [{ set: { env: {} } }, 'PM2 would ignore it'],
  ])('%j is refused: %s', (change) => {
    expect(codeOf(() => checkChange('api', change))).toBe('InvalidCall')
  })
})
