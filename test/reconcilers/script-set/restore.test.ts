import { chmod, link, mkdir, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { PackageFolder } from './package-folder.ts'

const wanted = { scripts: { build: 'node ok.js' }, resolve: 'none' as const }
const drifted = '{\n\t"name": "x",\n\t"scripts": {\n\t\t"build": "rm -rf /"\n\t}\n}'

let folder: PackageFolder | undefined
afterEach(async () => {
  await folder?.remove()
  folder = undefined
})

async function open(text: string | object): Promise<PackageFolder> {
  folder = await PackageFolder.make(text)
  return folder
}

describe('restoring a declared script', () => {
  it('changes its text alone, keeps mode and everything else, and has nothing to do after', async () => {
    const site = await open(drifted)
    await chmod(site.path('package.json'), 0o640)
    const { actions } = await site.look(wanted)
    expect(actions).toMatchObject([
      {
        type: 'restore',
        verb: 'update',
        reason: 'drifted',
        changes: [{ path: 'scripts.build', before: 'rm -rf /', after: 'node ok.js' }],
      },
    ])
    await site.apply(actions[0])
    expect(await site.text()).toBe(drifted.replace('rm -rf /', 'node ok.js'))
    expect((await stat(site.path('package.json'))).mode & 0o777).toBe(0o640)
    expect(await site.names()).toEqual(['package.json'])
    expect((await site.look(wanted)).actions).toEqual([])
  })

  it('adds a script that is missing, and leaves alone what is no longer declared', async () => {
    const site = await open({ scripts: { other: 'node other.js' } })
    const { actions } = await site.look(wanted)
    expect(actions[0]?.reason).toBe('missing')
    await site.apply(actions[0])
    expect(JSON.parse(await site.text())).toEqual({
      scripts: { other: 'node other.js', build: 'node ok.js' },
    })
    expect((await site.look({ resolve: 'none' })).actions).toEqual([])
  })

  it('is harmless when it is applied twice', async () => {
    const site = await open(drifted)
    const { actions } = await site.look(wanted)
    await site.apply(actions[0])
    const text = await site.text()
    await expect(site.apply(actions[0])).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(await site.text()).toBe(text)
  })

  it('does not touch a file that was edited since it was read', async () => {
    const site = await open(drifted)
    const { actions } = await site.look(wanted)
    const edited = drifted.replace('"x"', '"y"')
    await site.write('package.json', edited)
    await expect(site.apply(actions[0])).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(await site.text()).toBe(edited)
  })

  it('edits what a link leads to, and keeps the link', async () => {
    const site = await open(drifted)
    await mkdir(site.path('real'))
    await rename(site.path('package.json'), site.path('real/package.json'))
    await symlink('real/package.json', site.path('package.json'))
    const { actions } = await site.look(wanted)
    await site.apply(actions[0])
    expect(await site.text('real/package.json')).toContain('node ok.js')
    expect((await site.look(wanted)).actions).toEqual([])
    expect(await site.names()).toEqual(['package.json', 'real'])
  })

  it('does not follow a link that was turned elsewhere since', async () => {
    const site = await open(drifted)
    const { actions } = await site.look(wanted)
    await rename(site.path('package.json'), site.path('other.json'))
    await symlink('other.json', site.path('package.json'))
    await expect(site.apply(actions[0])).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(await site.text('other.json')).toBe(drifted)
  })

  it('edits a file of five megabytes', async () => {
    const filler = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, index) => [`key-${index}`, 'x'.repeat(90)]),
    )
    const site = await open({ filler, scripts: { build: 'old' } })
    const before = await site.text()
    expect(before.length).toBeGreaterThan(5_000_000)
    await site.apply((await site.look(wanted)).actions[0])
    expect(await site.text()).toBe(before.replace('"old"', '"node ok.js"'))
  })

  it.each([
    {
      what: 'is read-only',
      prepare: (site: PackageFolder) => chmod(site.path('package.json'), 0o444),
      says: 'it is read-only; `chmod u+w` says that it may be edited',
    },
    {
      what: 'has two names',
      prepare: (site: PackageFolder) => link(site.path('package.json'), site.path('twin.json')),
      says: 'it has 2 names (hard links), and replacing it would part them',
    },
    {
      what: 'says a script twice',
      prepare: (site: PackageFolder) =>
        writeFile(site.path('package.json'), '{"scripts":{"build":"a","build":"b"}}'),
      says: '`build` stands in it twice, so that it is not clear which one is meant',
    },
    {
      what: 'has `scripts` twice',
      prepare: (site: PackageFolder) =>
        writeFile(site.path('package.json'), '{"scripts":{},"scripts":{"build":"b"}}'),
      says: '`scripts` stands in it twice, so that it is not clear which one is meant',
    },
  ])('holds where the file $what, and says so', async ({ prepare, says }) => {
    const site = await open(drifted)
    await prepare(site)
    const before = await site.text()
    const { actions } = await site.look(wanted)
    expect(actions[0]?.blocked).toMatchObject({
      reason: 'NotAllowed',
      message: expect.stringContaining(says),
    })
    expect(await site.text()).toBe(before)
  })

  it('ignores what the manifest says is to be ignored', async () => {
    const site = await open(drifted)
    expect((await site.look(wanted, { ignore: ['/scripts/build'] })).actions).toEqual([])
    expect((await site.look(wanted, { ignore: ['/scripts'] })).actions).toEqual([])
  })
})

describe('a package.json that cannot be read', () => {
  it.each([
    ['{"scripts": {"a": "b",}}', 'PackageUnreadable: ../package.json: it is not valid JSON'],
    ['', 'PackageUnreadable: ../package.json: it is not valid JSON: it is empty'],
    ['[]', 'PackageUnreadable: ../package.json: it does not hold an object'],
  ])('is Unknown, and nothing is done: %s', async (text, says) => {
    const site = await open(text)
    const look = await site.look({ ...wanted, checks: { build: { every: '1h' } } })
    expect(look.unreadable).toContain(says)
    expect(look.actions).toEqual([])
  })

  it('is told by its place, and not by its content', async () => {
    const site = await open('{\n  "scripts": {\n    "a": "secret",\n  }\n}')
    const { unreadable } = await site.look(wanted)
    expect(unreadable).toContain('at line 4, column 3')
    expect(unreadable).not.toContain('secret')
  })

  it('is no text', async () => {
    const site = await open('')
    await writeFile(site.path('package.json'), Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))
    expect((await site.look(wanted)).unreadable).toContain('it is not UTF-8 text')
  })
})
