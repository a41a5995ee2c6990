import { expect, test } from 'vitest'
import { reconciler } from '../../src/reconcilers/process/index.ts'
import { check, makeFolder } from './support.ts'

const codesOf = async (spec: string) => {
  const head = 'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec:\n'
  const folder = await makeFolder({
    'manifests/api.yaml': `${head}${spec.replace(/^/gm, '  ')}\n`,
    'manifests/a.mjs': '',
  })
  const { diagnostics } = await check(folder, { reconcilers: new Map([['Process', reconciler]]) })
  return diagnostics.map(({ code, position }) => `${position.line} ${code}`)
}

test.each<[string, string, readonly string[]]>([
  [
    'what the domain knows beside a misspelt field',
    'script: ./a.mjs\nmaxMemroy: 5M\nenv: { max_restarts: "5" }\ncron: "0 0 31 2 *"\nautorestart: false',
    ['6 unknown-field', '7 process-env-is-pm2-option', '8 process-cron-invalid'],
  ],
  [
    'a path that leads out beside a value that is wrong',
    'script: ./a.mjs\nenv:\n  A: { fromFile: /etc/hostname }\nkillTimeout: fast',
    ['7 reference-outside-root', '8 wrong-value'],
  ],
  [
    'the items after one that is wrong, each at its own place',
    'script: ./a.mjs\nwindows:\n  - { cron: 5, duration: 1h }\n  - { cron: "0 0 31 2 *", duration: 1h }',
    ['7 wrong-type', '8 cron-never'],
  ],
])('tells %s', async (_, spec, expected) => {
  expect(await codesOf(spec)).toEqual(expected)
})

test.each<[string, string, readonly string[]]>([
  ['a probe that is wrong for no probe', 'script: ./a.mjs\nhealth: { tcp: { port: x } }', ['6 wrong-type']],
  [
    'a switch that is wrong for one that is off',
    'script: ./a.mjs\nwatch: 5\nwatchIgnore: [x]',
    ['6 wrong-type'],
  ],
  [
    'a mode that is wrong',
    'script: ./a.py\nmode: clusterr\ninterpreter: python3',
    ['6 wrong-value', '5 process-file-missing'],
  ],
])('does not take %s', async (_, spec, expected) => {
  expect((await codesOf(spec)).sort()).toEqual([...expected].sort())
})

test('says nothing more of what lacks what it needs most', async () => {
  expect(await codesOf('env: { max_restarts: "5" }')).toEqual(['4 missing-field'])
})

test.each<[string, string]>([
  [
    'name: a/b',
    'Expected `spec.name` to be a name without `/`, `\\` and control characters, got "a/b": "/" is not allowed in it',
  ],
  [
    'health: { http: { port: 1, path: healthz } }',
    'Expected `spec.health.http.path` to be a path that begins with `/`, in ASCII and without spaces, got "healthz"',
  ],
  [
    'health: { tcp: { port: 1, host: "a b" } }',
    'Expected `spec.health.tcp.host` to be a host name or an address, got "a b": " " is not allowed in it',
  ],
  ['cwd: ""', 'Expected `spec.cwd` to be a path or a program, got ""'],
])('a value of another form is told with what is allowed: %s', async (line, message) => {
  const folder = await makeFolder({
    'manifests/api.yaml': `apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec:\n  script: sleep\n  ${line}\n`,
  })
  const { diagnostics } = await check(folder)
  expect(diagnostics.map((each) => each.message)).toEqual([message])
})
