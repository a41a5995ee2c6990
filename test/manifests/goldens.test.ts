import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { check, makeFolder, render } from './support.ts'

const goldens = fileURLToPath(new URL('goldens', import.meta.url))

test.each(['mistakes', 'secrets', 'links', 'overlay'])('%s reads as in its golden', async (name) => {
  const folder = await makeFolder()
  await cp(`${goldens}/${name}`, folder, { recursive: true })
  const { diagnostics, summary } = await check(folder)
  const text = `${render(diagnostics, folder)}\n${summary.errors} errors, ${summary.warnings} warnings\n`
  await expect(text).toMatchFileSnapshot(`goldens/${name}.txt`)
})

test('no golden shows a value that is secret in its manifest', async () => {
  const folder = await makeFolder()
  await cp(`${goldens}/secrets`, folder, { recursive: true })
  const text = JSON.stringify((await check(folder)).diagnostics)
  for (const secret of ['ghp_', 'sk-abc', 'correct-horse', 'hunter2', 'BEGIN RSA', 'MIIE']) {
    expect(text).not.toContain(secret)
  }
})
