import { describe, expect, test } from 'vitest'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { declare, type Spec } from './bench.ts'
import { created, observed, ownedAs, pairOf, record } from './model.ts'

/** Lies in /srv/manifests, which is its working folder. */
const api = (spec: Partial<Spec>) =>
  declare('api', { script: './api.mjs', ...spec }, { folder: '/srv/manifests' })

const inside = '/srv/manifests/.reconcile/state.db'

const ignoredOf = (spec: Partial<Spec>, storePath: string) => {
  const pair = pairOf(api(spec), observed([record({ watch: true, ignore_watch: ['x'] })], { storePath }))
  const changes = reconciler.diff(pair).flatMap(({ changes }) => changes)
  return changes.find(({ path }) => path === 'watchIgnore')?.after
}

describe('what a watch leaves out', () => {
  test.each<[string, Partial<Spec>, string, readonly string[]]>([
    ['the state that changes at each pass', { watch: true }, inside, ['logs', '**/.reconcile/**']],
    ['the state in a folder that is named', { watch: ['..'] }, inside, ['logs', '**/.reconcile/**']],
    ['the state in what a pattern starts from', { watch: ['**/*.db'] }, inside, ['logs', '**/.reconcile/**']],
    [
      'a state of another name, and nothing beside it',
      { watch: true },
      '/srv/manifests/a.db',
      ['logs', '/srv/manifests/a.*'],
    ],
    ['no state outside of what is watched', { watch: ['src'] }, inside, ['logs']],
    ['no state elsewhere', { watch: true }, '/srv/.reconcile/state.db', ['logs']],
    ['no state that is no file', { watch: true }, '', ['logs']],
  ])('%s', (_, spec, storePath, expected) => {
    expect(ignoredOf({ ...spec, watchIgnore: ['logs'] }, storePath)).toEqual(expected)
  })

  test.each<[string, readonly string[]]>([
    ['the folder by its name', ['.reconcile']],
    ['the folder by a pattern', ['**/.reconcile/**']],
    ['all that is there', ['.']],
  ])('as declared where that leaves out %s', (_, watchIgnore) => {
    expect(ignoredOf({ watch: true, watchIgnore: [...watchIgnore] }, inside)).toEqual(watchIgnore)
  })

  test('as PM2 does where nothing is declared: hidden files', () => {
    expect(ignoredOf({ watch: true }, inside)).toBeUndefined()
  })

  test('is set once', () => {
    const watching = api({ cwd: '..', watch: true, watchIgnore: ['logs'] })
    const made = created(watching)
    expect(made.ignoreWatch).toEqual(['logs', '/srv/store.*'])
    const pair = pairOf(watching, observed([made]), { owned: ownedAs(watching) })
    expect(reconciler.diff(pair)).toEqual([])
  })
})
