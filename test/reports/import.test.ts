import { describe, expect, test } from 'vitest'
import { resourceId } from '../../src/core/resource.ts'
import { type ImportReport, importDocument } from '../../src/reports/import-json.ts'
import { importText } from '../../src/reports/import-text.ts'
import { ansi } from '../../src/reports/style.ts'
import { yamlText } from '../../src/reports/yaml-text.ts'
import { expectPrintable, expectWithin } from './printed.ts'

const workingDirectory = '/srv/acme'
const eco = (line: number) => ({ file: '/srv/acme/ecosystem.config.cjs', line })

/** An import in trouble: a conflict, an environment, a file in the way, a broken input, and names from outside. */
const report: ImportReport = {
  resources: [
    {
      id: resourceId('Process', 'api'),
      environment: undefined,
      from: eco(3),
      file: '/srv/acme/manifests/api.yaml',
      outcome: 'written',
    },
    {
      id: resourceId('Process', 'api'),
      environment: 'production',
      from: eco(9),
      file: '/srv/acme/manifests/environments/production/api.yaml',
      outcome: 'written',
    },
    {
      id: resourceId('Process', 'a-worker-with-a-rather-long-name-that-nobody-would-choose'),
      environment: undefined,
      from: eco(21),
      file: '/srv/acme/manifests/a-worker-with-a-rather-long-name-that-nobody-would-choose.yaml',
      outcome: 'unchanged',
    },
    {
      id: resourceId('Process', 'web'),
      environment: undefined,
      from: { file: 'pm2', line: undefined },
      file: '/srv/acme/manifests/web.yaml',
      outcome: 'refused',
    },
  ],
  conflicts: [
    {
      name: 'api\u001b[31m',
      places: [eco(3), { file: '/srv/other/pm2.json', line: 12 }],
      differs: ['script', 'env.PORT'],
    },
  ],
  warnings: [{ ...eco(40), code: 'ecosystem-deploy', message: 'the `deploy` block was left out' }],
  errors: [
    { file: '/srv/acme/broken.config.js', line: 4, code: 'ecosystem-syntax', message: 'Unexpected\ntoken' },
    {
      file: '/srv/acme/manifests/web.yaml',
      line: undefined,
      code: 'import-file-exists',
      message: 'Process/web was not written: the file exists and says something else; --force replaces it',
    },
  ],
  isDryRun: false,
}

describe.each([80, 200])('on a page of %i columns', (width) => {
  test('an import in trouble reads as it should', async () => {
    const text = importText(report, { width, workingDirectory })
    expectPrintable(text)
    // A place is one line however long it is: editors make a link of it. So is a path that has no room beside a name.
    expectWithin(text.replace(/^(?:\S+: (?:warning|error) .*| {6}\S+)$/gm, ''), width)
    await expect(text).toMatchFileSnapshot(`./goldens/import-${width}.txt`)
  })
})

test('an import as YAML and JSON reads as it should', async () => {
  const document = importDocument(report, { workingDirectory })
  await expect(yamlText(document)).toMatchFileSnapshot('./goldens/import.yaml')
})

test('a dry run writes nothing, and says so', () => {
  const dry = { ...report, isDryRun: true }
  expect(importDocument(dry, { workingDirectory }).written).toEqual([])
  expect(importText(dry, { width: 80, workingDirectory })).toContain('2 manifests would be written')
})

test('colours are there only when asked for', () => {
  expect(importText(report, { width: 80, workingDirectory, style: ansi })).toContain('\u001b[32m+')
})
