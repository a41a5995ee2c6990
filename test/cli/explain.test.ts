import { describe, expect, test } from 'vitest'
import { explain, explainableKinds, isDocumentation } from '../../src/manifests/explain.ts'
import { expectPrintable, expectWithin } from '../reports/printed.ts'
import { invoke } from '../support/invoke.ts'

const cwd = '/'

describe.each([80, 200])('explain at %i columns', (columns) => {
  test.each(['Process', 'Process.spec.env', 'Process.maxMemory', 'Process.spec.windows'])(
    '%s reads as it should, to a terminal and to a pipe',
    async (path) => {
      const { status, out, err } = await invoke(['explain', path], { cwd, columns })
      expect([status, err]).toEqual([0, ''])
      expectPrintable(out)
      expectWithin(out, columns)
      await expect(out).toMatchFileSnapshot(`./goldens/explain-${path}-${columns}.txt`)
      const onTerminal = await invoke(['explain', path], { cwd, columns, isTerminal: true })
      expect(onTerminal.out).toContain('\u001b[1m')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away.
      expect(onTerminal.out.replace(/\u001b\[\d+m/g, '')).toBe(out)
    },
  )
})

test.each([
  ['Proces', 'Did you mean Process?'],
  ['Nothing', 'There are: '],
  ['Process.spec.maxMemroy', 'Did you mean Process.spec.maxMemory?'],
  ['Process.envv', 'Did you mean Process.spec.env?'],
  ['Process.zzzzzzzz', 'There are: apiVersion, kind, metadata, sops, spec.'],
  ['Process.spec.script.x', 'It has no fields.'],
])('an unknown path %s says what was probably meant', async (path, hint) => {
  const { status, out, err } = await invoke(['explain', path], { cwd })
  expect([status, out]).toEqual([1, ''])
  expect(err).toContain(hint)
})

test('as JSON it has every part of a field', async () => {
  const { out } = await invoke(['explain', 'process.spec.logs.rotate.keep', '-o', 'json'], { cwd })
  expect(JSON.parse(out)).toEqual({
    formatVersion: '1',
    path: 'Process.spec.logs.rotate.keep',
    type: 'a whole number from 1 to 1000',
    required: false,
    default: '5',
    description: 'How many old files stay, as <file>.1 (the newest) and so on.',
    examples: [5],
    fields: [],
  })
})

test('every field of every kind is explained, with what it means and what it takes', () => {
  const walk = (path: string, depth: number): number => {
    const found = explain(path)
    expect(isDocumentation(found), path).toBe(true)
    if (!isDocumentation(found)) return 0
    expect(found.description, path).not.toBe('')
    expect(found.type, path).not.toBe('')
    const below = depth > 8 ? [] : found.fields
    return below.reduce((count, { name }) => count + walk(`${path}.${name}`, depth + 1), 1)
  }
  const count = explainableKinds().reduce((sum, kind) => sum + walk(kind, 0), 0)
  expect(count).toBeGreaterThan(100)
})
