import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'vitest'
import { silentLogger } from '../../../src/core/logger.ts'
import { type ResourceId, resourceId } from '../../../src/core/resource.ts'
import { PackageWatch } from '../../../src/reconcilers/script-set/package-watch.ts'
import { eventually, makeFolder, removeFolder } from '../../support/pm2.ts'

const ends: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function begun(names: readonly string[]) {
  const folder = await makeFolder()
  ends.push(() => removeFolder(folder))
  const pathOf = (name: string) => join(folder, `${name}.json`)
  for (const name of names) writeFileSync(pathOf(name), '{}')
  const setsOf = (some: readonly string[]) =>
    new Map(some.map((name) => [pathOf(name), [{ id: resourceId('ScriptSet', name) }]]))
  const woken: ResourceId[] = []
  const watch = new PackageWatch(silentLogger)
  return { watch, pathOf, setsOf, woken, start: () => ends.push(watch.start((id) => woken.push(id))) }
}

test('what is written between the first reading and the beginning of the watch is not missed', async () => {
  const { watch, pathOf, setsOf, woken, start } = await begun(['a', 'b'])
  watch.follow(setsOf(['a']))
  start()
  // Nothing is watched yet: the files are only about to be looked at.
  writeFileSync(pathOf('a'), '{ "scripts": {} }')
  await eventually('its set is woken', async () => woken.includes(resourceId('ScriptSet', 'a')))
  watch.follow(setsOf(['a', 'b']))
  writeFileSync(pathOf('b'), '{ "scripts": {} }')
  await eventually('the set that came later is woken', async () =>
    woken.includes(resourceId('ScriptSet', 'b')),
  )
})
