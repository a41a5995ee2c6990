import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clients/host/clock.ts'
import { watchManifests } from '../../src/manifests/watch.ts'
import { makeFolder, processOf, put } from './support.ts'

/** Collects calls; `next` waits for one, and for the quiet after it. */
async function start(paths: readonly string[]) {
  const calls: (readonly string[])[] = []
  const stop = await watchManifests({ paths, clock: systemClock, onChange: (changed) => calls.push(changed) })
  const quiet = () => systemClock.sleep(400)
  const next = async (path: string) => {
    await vi.waitFor(() => expect(calls.flat()).toContain(path), { timeout: 10_000, interval: 20 })
    await quiet()
    return calls.splice(0)
  }
  return { calls, stop, next, quiet }
}

test('a saved, a new and a removed manifest are noticed; other files are not', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/deep/b.yml': processOf('b'),
  })
  const at = (name: string) => join(folder, 'manifests', name)
  const watching = await start([join(folder, 'manifests')])
  try {
    await put(at('a.yaml'), processOf('a', 'instances: 2'))
    expect(await watching.next(at('a.yaml'))).toEqual([[at('a.yaml')]])
    await put(at('new/er/c.yaml'), processOf('c'))
    await watching.next(at('new/er/c.yaml'))
    await unlink(at('deep/b.yml'))
    await watching.next(at('deep/b.yml'))
    await put(at('.reconcileignore'), 'x')
    await watching.next(at('.reconcileignore'))
    await put(at('notes.md'), 'x')
    await put(at('.a.yaml.swp'), 'x')
    await put(at('.#a.yaml'), 'x')
    await put(join(folder, 'other.yaml'), 'x')
    await watching.quiet()
    expect(watching.calls).toEqual([])
  } finally {
    await watching.stop()
  }
})

test('an editor that writes beside and renames makes one change, and the next save is seen too', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const path = join(folder, 'manifests/a.yaml')
  const watching = await start([join(folder, 'manifests')])
  try {
    for (const instances of [2, 3]) {
      await writeFile(`${path}~`, processOf('a', `instances: ${instances}`))
      await rename(`${path}~`, path)
      expect(await watching.next(path)).toEqual([[path]])
    }
  } finally {
    await watching.stop()
  }
})

test('many files at once, as in a git checkout, are one change', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const watching = await start([join(folder, 'manifests')])
  try {
    const paths = Array.from({ length: 50 }, (_, n) => join(folder, `manifests/p${n}.yaml`))
    await Promise.all(paths.map((path, n) => writeFile(path, processOf(`p${n}`))))
    const calls = await watching.next(paths[49] ?? '')
    expect(calls.length).toBeLessThanOrEqual(2)
    expect(new Set(calls.flat())).toEqual(new Set(paths))
  } finally {
    await watching.stop()
  }
})

test('saves that never end are few changes', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const path = join(folder, 'manifests/a.yaml')
  const watching = await start([join(folder, 'manifests')])
  try {
    const begin = systemClock.monotonic()
    let saves = 0
    for (; systemClock.monotonic() - begin < 1500; saves++) {
      await writeFile(path, processOf('a'))
      await systemClock.sleep(5)
    }
    const calls = await watching.next(path)
    expect(calls.length).toBeGreaterThanOrEqual(2)
    expect(calls.length).toBeLessThan(saves / 3)
  } finally {
    await watching.stop()
  }
})

test('a folder that is moved away and back is still watched', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const manifests = join(folder, 'manifests')
  const watching = await start([manifests])
  try {
    await rename(manifests, join(folder, 'elsewhere'))
    await watching.next(manifests)
    await rename(join(folder, 'elsewhere'), manifests)
    await watching.next(join(manifests, 'a.yaml'))
    await put(join(manifests, 'a.yaml'), processOf('a', 'instances: 2'))
    await watching.next(join(manifests, 'a.yaml'))
    await rm(manifests, { recursive: true })
    await watching.next(manifests)
    await mkdir(manifests)
    await put(join(manifests, 'b.yaml'), processOf('b'))
    await watching.next(join(manifests, 'b.yaml'))
  } finally {
    await watching.stop()
  }
})

test('a single file that was named is watched, and its neighbours are not', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a'), 'manifests/b.yaml': processOf('b') })
  const path = join(folder, 'manifests/a.yaml')
  const watching = await start([path])
  try {
    await put(join(folder, 'manifests/b.yaml'), processOf('b', 'instances: 2'))
    await put(path, processOf('a', 'instances: 2'))
    expect(await watching.next(path)).toEqual([[path]])
  } finally {
    await watching.stop()
  }
})

test('nothing is called after the watch was stopped', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const watching = await start([join(folder, 'manifests')])
  await put(join(folder, 'manifests/a.yaml'), processOf('a', 'instances: 2'))
  await watching.stop()
  await watching.quiet()
  expect(watching.calls).toEqual([])
})

test('links between folders are followed once, and none out of the fleet root', {
  timeout: 30_000,
}, async () => {
  const folder = await makeFolder({
    'fleet/manifests/a.yaml': processOf('a'),
    'elsewhere/b.yaml': processOf('b'),
  })
  const at = (name: string) => join(folder, 'fleet', name)
  // Each of twenty layers leads to both folders of the next: a million ways, and forty folders.
  for (let layer = 20; layer > 0; layer -= 1) {
    for (const side of ['l', 'r']) {
      await put(at(`layers/${layer}${side}/c.yaml`), processOf(`c${layer}${side}`))
      for (const next of layer === 20 ? [] : ['l', 'r'])
        await symlink(at(`layers/${layer + 1}${next}`), at(`layers/${layer}${side}/${next}`))
    }
  }
  await symlink(at('layers/1l'), at('manifests/layers'))
  await symlink(join(folder, 'elsewhere'), at('manifests/out'))
  const watching = await start([at('manifests')])
  try {
    await put(at('layers/20r/c.yaml'), processOf('c', 'instances: 2'))
    await vi.waitFor(
      () => expect(watching.calls.flat().some((path) => path.endsWith('/c.yaml'))).toBe(true),
      {
        timeout: 10_000,
      },
    )
    await watching.quiet()
    watching.calls.splice(0)
    await put(join(folder, 'elsewhere/b.yaml'), processOf('b', 'instances: 2'))
    await watching.quiet()
    expect(watching.calls).toEqual([])
    await put(at('manifests/a.yaml'), processOf('a', 'instances: 2'))
    expect(await watching.next(at('manifests/a.yaml'))).toEqual([[at('manifests/a.yaml')]])
  } finally {
    await watching.stop()
  }
})
