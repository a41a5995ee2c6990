import { expect, test } from 'vitest'
import { scanIds } from '../../src/manifests/scan-ids.ts'

const metadata = (text: string) => scanIds(`kind: Process\n${text}\nspec: {}\n`)

test.each([
  ['below it', 'metadata:\n  name: api', 'api'],
  ['in quotes', '"metadata":\n  "name": "api"', 'api'],
  ['within braces', 'metadata: { labels: { a: b }, name: api }', 'api'],
  [
    'after labels, comments and blank lines',
    'metadata:\n  labels:\n    tier: core\n\n# here\n  name: api',
    'api',
  ],
  ['after a label of that name', 'metadata:\n  labels:\n    name: other\n  name: api', 'api'],
  ['after lines that are too deep', 'metadata:\n    labels: {}\n  name: api', 'api'],
  ['with Windows line ends', 'metadata:\r\n  name: api\r', 'api'],
])('finds the name of a broken text %s', (_, text, name) => {
  expect(metadata(text)).toEqual([`Process/${name}`])
})

test.each(['metadata:\n  name: {{ .Values.name }}', 'metadata:\nspec:\n  name: api', 'metadata: {}'])(
  'finds none in %j',
  (text) => {
    expect(metadata(text)).toEqual([])
  },
)

test('finds none in a template of another program, however long, and at once', () => {
  const labels = Array.from(
    { length: 2_000 },
    (_, index) => `        label-${index}: value\n\n# text\n`,
  ).join('')
  // An expression that tried each way to divide these lines would not end.
  expect(metadata(`metadata:\n    name: {{ name }}\n    labels:\n${labels}`)).toEqual([])
  expect(metadata(`metadata: ${'{ '.repeat(20_000)}\n${' '.repeat(20_000)}\n`)).toEqual([])
})
