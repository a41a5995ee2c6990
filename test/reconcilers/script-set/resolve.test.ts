import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type Disk, machineDisk } from '../../../src/reconcilers/script-set/resolve/disk.ts'
import { FileFacts } from '../../../src/reconcilers/script-set/resolve/file-facts.ts'
import { commandLines } from './command-lines.ts'
import { Site } from './site.ts'

let site: Site
beforeAll(async () => {
  site = await Site.make()
})
afterAll(() => site.remove())

async function findingsOf(
  scripts: Readonly<Record<string, string>>,
  name: string,
): Promise<readonly string[]> {
  const { findings } = await site.resolve(scripts)
  return findings.filter(({ script }) => script === name).map(({ code, message }) => `${code}: ${message}`)
}

describe('what a command line resolves to', () => {
  it.each(commandLines)('$line ($why)', async ({ line, finds, runs = [] }) => {
    const { findings, graph } = await site.resolve({ it: line })
    const found = findings.filter(({ script }) => script === 'it')
    expect(found.map(({ code }) => code)).toEqual(finds.map((text) => text.slice(0, text.indexOf(':'))))
    for (const [index, text] of finds.entries())
      expect(found[index]?.message).toContain(text.slice(text.indexOf(':') + 2))
    expect([...(graph.get('it') ?? [])]).toEqual(runs)
  })

  test('the table has its eighty lines, none twice', () => {
    const lines = commandLines.map(({ line }) => line)
    expect(new Set(lines).size).toBe(lines.length)
    expect(lines.length).toBeGreaterThanOrEqual(80)
  })
})

describe('how the scripts of a package hang together', () => {
  it('finds a script that runs itself by others, and says the way', async () => {
    const scripts = { a: 'npm run b', b: 'run-s c', c: 'npm run a' }
    expect(await findingsOf(scripts, 'b')).toEqual(['Cycle: runs itself: b -> c -> a -> b'])
  })

  it('finds a cycle through a hook', async () => {
    expect(await findingsOf({ predocs: 'npm run docs', docs: 'git status' }, 'predocs')).toEqual([
      'Cycle: runs itself: predocs -> predocs',
    ])
  })

  it.each([
    ['yarn@4.1.0', 'yarn build', ['build']],
    ['yarn@1.22.22', 'yarn build', ['prebuild', 'build']],
    ['pnpm@8.15.0', 'pnpm build', ['build']],
    ['pnpm@8.15.0', 'pnpm test', ['test']],
    ['pnpm@9.0.0', 'pnpm test', ['pretest', 'test']],
    ['pnpm@10.2.0+sha512.abc', 'pnpm build', ['prebuild', 'build']],
    ['npm@11.0.0', 'npm run build', ['prebuild', 'build']],
  ])('runs hooks as %s does with `%s`', async (packageManager, line, runs) => {
    const scripts = { it: line, pretest: 'git status' }
    const { graph } = await site.resolve(scripts, undefined, { packageManager })
    expect([...(graph.get('it') ?? [])]).toEqual(runs)
  })

  it('counts the scripts that npm restart runs', async () => {
    const scripts = { it: 'npm restart', stop: 'git status', start: 'next start', prestart: 'git status' }
    const { graph } = await site.resolve(scripts)
    expect([...(graph.get('it') ?? [])]).toEqual(['stop', 'prestart', 'start'])
    const own = await site.resolve({ ...scripts, restart: 'next restart' })
    expect([...(own.graph.get('it') ?? [])]).toEqual(['restart'])
  })

  it('takes a key that says that it is a comment for one', async () => {
    const comments = { '//': 'a comment, and no command', '// build': 'makes; it', '#': 'x' }
    const { findings } = await site.resolve(comments)
    expect(findings).toEqual([])
  })

  it('notes hooks of scripts that do not exist, and no words that only begin like one', async () => {
    expect(await findingsOf({ predeploy: 'eslint . -f x' }, 'predeploy')).toEqual([
      'OrphanHook: hooks onto a script `deploy` that does not exist',
    ])
    expect(await findingsOf({ preview: 'next start' }, 'preview')).toEqual([])
    expect(await findingsOf({ postinstall: 'git status' }, 'postinstall')).toEqual([])
    expect(await findingsOf({ precheckin: 'git status', all: 'npm run precheckin' }, 'precheckin')).toEqual(
      [],
    )
  })

  it('notes equal commands at the later one', async () => {
    expect(await findingsOf({ lint2: 'eslint .' }, 'lint2')).toEqual([
      'SameCommand: is the same command as `lint`',
    ])
  })

  it('keeps control characters of a command out of its messages', async () => {
    const [finding] = await findingsOf({ odd: 'npm run "\u001b[31mred"' }, 'odd')
    expect(finding).toContain('MissingScript')
    expect(finding).not.toMatch(/\p{Cc}/u)
  })
})

/** Counts every question that is put to the file system. */
function countingDisk(): { readonly disk: Disk; readonly asked: Map<string, number> } {
  const asked = new Map<string, number>()
  const count = <T>(ask: (path: string) => Promise<T>) => {
    return (path: string): Promise<T> => {
      asked.set(path, (asked.get(path) ?? 0) + 1)
      return ask(path)
    }
  }
  const { look, list, read, follow } = machineDisk
  return { asked, disk: { look: count(look), list: count(list), read: count(read), follow: count(follow) } }
}

test('two thousand scripts cost one reading a distinct path, and start no process', async () => {
  const scripts: Record<string, string> = {}
  for (let index = 0; index < 2_000; index += 1) {
    const text = commandLines[index % commandLines.length]?.line ?? ''
    scripts[`script:${index}`] =
      index % 3 === 0 ? text : `node scripts/part-${index % 500}.js && ${text || 'next'}`
  }
  const { disk, asked } = countingDisk()
  let started = 0
  const onStart = () => {
    started += 1
  }
  subscribe('child_process', onStart)
  try {
    const { findings } = await site.resolve(scripts, new FileFacts(disk))
    expect(findings.length).toBeGreaterThan(2_000)
  } finally {
    unsubscribe('child_process', onStart)
  }
  const repeated = [...asked].filter(([, times]) => times > 1)
  expect(repeated).toEqual([])
  expect(asked.size).toBeGreaterThan(500)
  expect(started).toBe(0)
})
