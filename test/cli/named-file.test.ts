import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { invoke } from '../support/invoke.ts'
import { makeFolder, removeFolder } from '../support/pm2.ts'

let folder: string
afterEach(() => removeFolder(folder))

test('what is said of a single file stands in the state of its fleet, from wherever it is named', async () => {
  folder = await makeFolder()
  const apps = join(folder, 'acme/manifests/apps')
  await mkdir(apps, { recursive: true })
  await writeFile(
    join(apps, 'api.yaml'),
    'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec: { script: node }\n',
  )
  const places = [
    [folder, 'acme/manifests/apps/api.yaml'],
    [apps, 'api.yaml'],
  ] as const
  for (const [cwd, file] of places) {
    const args = ['suspend', 'Process/api', '--reason', `said in ${file}`, '-f', file]
    expect(await invoke(args, { cwd })).toMatchObject({ status: 0 })
    const { out } = await invoke(['describe', 'Process/api'], { cwd: join(folder, 'acme') })
    expect(out).toContain(`said in ${file}`)
  }
  expect(await readdir(apps)).toEqual(['api.yaml'])
})
