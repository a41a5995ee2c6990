import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { findWatchIgnore, watchIgnoreOf } from '../../../src/reconcilers/process/watch-ignore.ts'
import { declare, type Spec } from './bench.ts'
import { observed, ownedAs, pairOf, record } from './model.ts'

/** Lies in /srv/manifests, which is its working folder. */
const api = (spec: Partial<Spec>) =>
  declare('api', { script: './api.mjs', ...spec }, { folder: '/srv/manifests' })

const inside = '/srv/manifests/.reconcile/state.db'

const ignoredOf = (spec: Partial<Spec>, storePath: string) => watchIgnoreOf(api(spec), storePath)

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

  test('is one with what is declared: where it is not set the process is made anew, and then no more', () => {
    const watching = api({ watch: true, watchIgnore: ['logs'] })
    const watchIgnore = ['logs', '**/.reconcile/**']
    const seen = (ignored: readonly string[]) =>
      observed([record({ watch: true, ignore_watch: ignored })], { watchIgnore })
    const types = (ignored: readonly string[]) =>
      reconciler.diff(pairOf(watching, seen(ignored), { owned: ownedAs(watching) })).map(({ type }) => type)
    expect([types(['logs']), types(watchIgnore)]).toEqual([['recreate'], []])
  })

  test('is the state also where links lead to the working folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'watch-'))
    try {
      await mkdir(join(folder, 'releases/1/.reconcile'), { recursive: true })
      await mkdir(join(folder, 'releases/1/manifests'))
      await symlink('releases/1', join(folder, 'current'))
      const watching = (cwd: string) =>
        declare(
          'api',
          { script: './api.mjs', cwd, watch: true, watchIgnore: ['logs'] },
          { folder: join(folder, 'current/manifests') },
        )
      for (const store of ['current', 'releases/1']) {
        const storePath = join(folder, store, '.reconcile/state.db')
        for (const cwd of ['..', join(folder, 'releases/1')]) {
          expect(await findWatchIgnore(watching(cwd), storePath)).toEqual(['logs', '**/.reconcile/**'])
        }
        expect(await findWatchIgnore(watching('.'), storePath)).toEqual(['logs'])
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
