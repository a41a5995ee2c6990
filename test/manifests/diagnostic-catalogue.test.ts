import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { diagnosticCatalogue } from '../../src/manifests/diagnostic-catalogue.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

async function sourcesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(root, folder), { recursive: true })
  const files = names.filter((name) => name.endsWith('.ts'))
  return Promise.all(files.map((name) => readFile(join(root, folder, name), 'utf8')))
}

/** Rows of the documentation: code, severity, meaning, cure. */
async function documented(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await readFile(join(root, 'docs/diagnostics.md'), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  const cells = rows.map((row) => row.slice(2, -2).split(' | '))
  return new Map(cells.map(([code = '', ...rest]) => [code.replaceAll('`', ''), rest]))
}

/** Codes that a domain reports by itself: those that begin with its folder's name. */
async function domainCodes(): Promise<ReadonlySet<string>> {
  const folders = await readdir(join(root, 'src/reconcilers'))
  const codes = new Set<string>()
  for (const folder of folders) {
    for (const source of await sourcesIn(`src/reconcilers/${folder}`)) {
      for (const [, code = ''] of source.matchAll(/\bcode:\s*'([a-z]+(?:-[a-z0-9]+)+)'/g)) codes.add(code)
    }
  }
  return codes
}

test('every code of the catalogue is documented as the catalogue has it', async () => {
  const rows = await documented()
  for (const [code, { severity, meaning, cure }] of Object.entries(diagnosticCatalogue)) {
    expect([code, ...(rows.get(code) ?? [])]).toEqual([code, severity, meaning, cure])
  }
})

test('every code of a domain is documented, and nothing else is', async () => {
  const rows = await documented()
  const known = new Set([...Object.keys(diagnosticCatalogue), ...(await domainCodes())])
  expect([...rows.keys()].sort()).toEqual([...known].sort())
})

test('every code of the catalogue is used', async () => {
  const sources = (await sourcesIn('src/manifests')).filter(
    (text) => !text.includes('export const diagnosticCatalogue'),
  )
  const unused = Object.keys(diagnosticCatalogue).filter(
    (code) => !sources.some((text) => text.includes(`'${code}'`)),
  )
  expect(unused).toEqual([])
})
