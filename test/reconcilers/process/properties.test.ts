import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { type Desired, declare, type Spec } from './bench.ts'
import { corrected, created, observed, ownedAs, pairOf } from './model.ts'

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const duration = fc.constantFrom('1ms', '100ms', '1s', '1600ms', '3s', '1m30s', '1h', '1000ms')
const delay = fc.oneof(duration, fc.constantFrom('0s', '0ms'))
// Texts that PM2, JSON or a shell could take for something else are as likely as any.
const text = fc.oneof(
  fc.constantFrom('null', 'true', '0', '', ' ', '--x', '"q"', "a'b", '$HOME', 'x y', '{}', '[object]', 'ü'),
  fc.string({ maxLength: 8 }).filter((value) => !value.includes('\0')),
)
const file = fc.constantFrom('./a.log', './logs/b.log', '../c-7.log', './plain', '/var/log/x.log', './d.txt')
const key = fc.constantFrom('A', 'B', 'LOG_LEVEL', 'API_KEY', 'TZ', 'PATH', 'x', 'constructor')

const specs: fc.Arbitrary<Spec> = fc
  .record({
    script: fc.constantFrom('./a.mjs', './b.sh', '../x/c.py', 'sleep', '/opt/bin/run'),
    args: maybe(fc.array(text, { maxLength: 4 })),
    cwd: maybe(fc.constantFrom('.', './work', '../other', '/tmp/', '/srv/a/../b')),
    interpreter: maybe(fc.constantFrom('node', 'none', './bin/tool', '/usr/bin/python3')),
    interpreterArgs: maybe(fc.array(text, { maxLength: 3 })),
    mode: maybe(fc.constantFrom('fork' as const, 'cluster' as const)),
    env: maybe(fc.dictionary(key, text, { maxKeys: 5 })),
    maxMemory: maybe(fc.constantFrom('1K', '512M', '1G', '1024M')),
    cron: maybe(fc.constantFrom('0 3 * * *', ' */5  * * * * ', '30 0 4 1 1 *')),
    autorestart: maybe(fc.boolean()),
    maxRestarts: maybe(fc.constantFrom(0, 1, 16, 1000)),
    minUptime: maybe(delay),
    restartDelay: maybe(delay),
    expBackoffRestartDelay: maybe(delay),
    killTimeout: maybe(duration),
    listenTimeout: maybe(duration),
    waitReady: maybe(fc.boolean()),
    stopExitCodes: maybe(fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 3 })),
    watch: maybe(
      fc.oneof(fc.boolean(), fc.array(fc.constantFrom('lib', '*.txt'), { minLength: 1, maxLength: 2 })),
    ),
    watchIgnore: maybe(fc.array(fc.constantFrom('tmp', '*.log'), { maxLength: 2 })),
    sourceMaps: maybe(fc.boolean()),
    logs: maybe(
      fc.record(
        {
          out: file,
          error: file,
          merge: fc.boolean(),
          timestamps: fc.oneof(fc.boolean(), fc.constantFrom('YYYY', 'HH:mm')),
        },
        { requiredKeys: [] },
      ),
    ),
    namespace: maybe(fc.constantFrom('default', 'a', 'null')),
  })
  .map((spec) => {
    const declared: Partial<Record<keyof Spec, unknown>> = {}
    for (const [field, value] of Object.entries(spec)) {
      if (value !== undefined) Object.assign(declared, { [field]: value })
    }
    return declared as Spec
  })

const folder = '/srv/manifests'
const desiredOf = (spec: Spec): Desired => declare('api', spec, { folder })

test('what PM2 stores of a process as declared differs in nothing', () => {
  fc.assert(
    fc.property(specs, fc.integer({ min: 0, max: 200 }), (spec, pmId) => {
      const desired = desiredOf(spec)
      const pair = pairOf(desired, observed([created(desired, pmId)]), { owned: ownedAs(desired) })
      expect(reconciler.diff(pair)).toEqual([])
      expect(reconciler.diff(pair)).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('after a correction from any process to any declaration nothing is left to correct', () => {
  fc.assert(
    fc.property(specs, specs, fc.integer({ min: 0, max: 200 }), (one, other, pmId) => {
      const [before, after] = [desiredOf(one), desiredOf(other)]
      const record = corrected(after, created(before, pmId), ownedAs(before))
      const pair = pairOf(after, observed([record]), { owned: ownedAs(after) })
      expect(reconciler.diff(pair)).toEqual([])
      // Nothing that we set for the first and that is not declared in the second is left either.
      const sinceBefore = pairOf(after, observed([record]), { owned: ownedAs(before) })
      expect(reconciler.diff(sinceBefore)).toEqual([])
    }),
    { numRuns: 1000 },
  )
})

test('a plan names exactly the declared fields that differ', () => {
  fc.assert(
    fc.property(specs, specs, (one, other) => {
      const [before, after] = [desiredOf(one), desiredOf(other)]
      const fields = [reconciler.fields(before), reconciler.fields(after)] as const
      const pair = pairOf(after, observed([created(before)]), { owned: ownedAs(before) })
      const changed = reconciler.diff(pair).flatMap(({ changes }) => changes.map(({ path }) => path))
      const touched = new Set([...Object.keys(fields[0]), ...Object.keys(fields[1])])
      for (const path of changed) expect(touched.has(path)).toBe(true)
      for (const path of touched) {
        if (JSON.stringify(fields[0][path]) === JSON.stringify(fields[1][path])) {
          expect(changed).not.toContain(path)
        }
      }
    }),
    { numRuns: 500 },
  )
})
