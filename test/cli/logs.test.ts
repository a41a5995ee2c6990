import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callVerb, pages, shownColours } from '../support/called.ts'
import { processManifest } from '../support/manifest.ts'
import { eventually, makeFolder, removeFolder } from '../support/pm2.ts'

let folder: string
beforeEach(async () => {
  folder = await makeFolder()
  await mkdir(join(folder, 'manifests'))
  await mkdir(join(folder, 'p/logs'), { recursive: true })
  const timed = 'logs: { timestamps: "YYYY-MM-DDTHH:mm:ss.SSSZ" }'
  await writeFile(
    join(folder, 'manifests/fleet.yaml'),
    [
      processManifest('api', `script: node\n${timed}`),
      processManifest('quiet', 'script: node'),
      processManifest('plain', 'script: node'),
    ].join('---\n'),
  )
  await writeFile(
    join(folder, 'p/logs/api-out-0.log'),
    '2026-03-01T12:00:00.000+00:00: listening on 3000\n2026-03-01T12:00:03.500+00:00: \u001b[32mready\u001b[0m\n',
  )
  await writeFile(
    join(folder, 'p/logs/api-error-0.log'),
    '2026-03-01T12:00:01.250+00:00: Error: no\u0007 bell\n    at main (/srv/api.mjs:1:1)\n',
  )
  await writeFile(join(folder, 'p/logs/plain-out.log'), `a long line ${'that goes on '.repeat(12)}\n`)
  await writeFile(join(folder, 'p/logs/plain-error.log'), 'written before it\n')
  await utimes(join(folder, 'p/logs/plain-error.log'), 1_772_366_400, 1_772_366_400)
})
afterEach(() => removeFolder(folder))

describe.each(pages)('on a $name', (page) => {
  test('the logs read as they should', async () => {
    const timed = await callVerb(folder, ['logs', 'Process/api'], page)
    const plain = await callVerb(folder, ['logs', 'Process/plain'], page)
    expect([timed.status, plain.status]).toEqual([0, 0])
    await expect(shownColours(timed.out + plain.out)).toMatchFileSnapshot(`goldens/logs-${page.name}.txt`)
  })
})

test('for programs each line is an object, without what would move a cursor', async () => {
  const { out } = await callVerb(folder, ['logs', 'Process/api', '-n', '2', '-o', 'json'])
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { at: '2026-03-01T12:00:00.000Z', source: 'api', stream: 'out', text: 'listening on 3000' },
    { at: '2026-03-01T12:00:01.250Z', source: 'api', stream: 'err', text: 'Error: no bell' },
    { at: null, source: 'api', stream: 'err', text: '    at main (/srv/api.mjs:1:1)' },
    { at: '2026-03-01T12:00:03.500Z', source: 'api', stream: 'out', text: 'ready' },
  ])
})

test('in a fleet in trouble they say what is not known and start nothing', async () => {
  const before = await readdir(join(folder, 'p'))
  const quiet = await callVerb(folder, ['logs', 'Process/quiet'])
  expect(quiet).toEqual({ status: 0, out: '', err: 'Process/quiet has printed nothing yet.\n' })
  const unknown = await callVerb(folder, ['logs', 'Process/quite'])
  expect(unknown.status).toBe(1)
  expect(unknown.err).toContain('Did you mean Process/quiet?')
  await writeFile(join(folder, 'manifests/broken.yaml'), 'kind: [')
  const broken = await callVerb(folder, ['logs', 'Process/plain'])
  expect(broken.status).toBe(0)
  expect(broken.out).toContain('written before it')
  expect(broken.err).toContain('broken.yaml')
  expect(await readdir(join(folder, 'p'))).toEqual(before)
})

test('followed, they come as they are printed, until an interrupt ends it well', async () => {
  const interruption = new AbortController()
  let shown = ''
  const following = callVerb(folder, ['logs', 'Process/plain', '-f', '-n', '0'], {
    signal: interruption.signal,
    onOut: (text) => {
      shown += text
    },
  })
  await eventually('it is followed', async () => {
    await writeFile(join(folder, 'p/logs/plain-out.log'), 'news\n', { flag: 'a' })
    return shown.includes('news')
  })
  interruption.abort(new Error('interrupted by SIGINT'))
  expect((await following).status).toBe(0)
})
