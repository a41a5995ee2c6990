import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GitCall } from '../../../src/clients/git/run.ts'
import { askGit, runGit } from '../../../src/clients/git/run.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { processIdentity } from '../../../src/clients/host/process-identity.ts'

let folder: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'git-run-')))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function call(args: readonly string[], own: Partial<GitCall> = {}): GitCall {
  const env = { PATH: process.env.PATH, HOME: folder }
  return { args, folder, env, clock: systemClock, signal: new AbortController().signal, ...own }
}

/** A repository with one commit, made with the git of the person and not with ours. */
function makeRepository(name = 'repository'): string {
  const place = join(folder, name)
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: place, env: { PATH: process.env.PATH, HOME: folder } })
  execFileSync('git', ['init', '-q', '-b', 'main', place])
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'first')
  return place
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

test('the answer is what git printed, its code and what it complained of', async () => {
  const place = makeRepository()
  const answer = await runGit(call(['log', '--format=%s'], { folder: place }))
  expect({ ...answer, output: answer.output.toString() }).toEqual({
    code: 0,
    output: 'first\n',
    isCut: false,
    complaint: '',
  })
  const failed = await runGit(call(['cat-file', '-t', 'nowhere'], { folder: place }))
  expect(failed.code).toBe(128)
  expect(failed.complaint).toBe('Not a valid object name nowhere')
  await expect(askGit(call(['cat-file', '-t', 'nowhere'], { folder: place }))).rejects.toMatchObject({
    code: 'GitFailed',
    message: 'Cannot run git cat-file: Not a valid object name nowhere',
  })
})

test('git reads what it is given, and all that it prints arrives', async () => {
  const place = makeRepository()
  const text = 'x'.repeat(3_000_000)
  const id = (await askGit(call(['hash-object', '-w', '--stdin'], { folder: place, input: text }))).trim()
  const ids = `${id}\n`.repeat(10)
  const { output } = await runGit(call(['cat-file', '--batch'], { folder: place, input: ids }))
  expect(output.length).toBeGreaterThan(30_000_000)
})

test('more than may be printed ends it', async () => {
  const place = makeRepository()
  const endless = call(['-c', 'alias.endless=!yes', 'endless'], { folder: place, maxBytes: 100_000 })
  await expect(runGit(endless)).rejects.toMatchObject({ code: 'GitFailed' })
  const cut = await runGit({ ...endless, mayBeCut: true })
  expect(cut.isCut).toBe(true)
  expect(cut.output.length).toBeGreaterThan(0)
  expect(cut.output.length).toBeLessThanOrEqual(100_000)
})

test('past its limit it is ended with all that it started', async () => {
  const place = makeRepository()
  const hanging = ['-c', 'alias.hang=!sleep 300 & echo $! >child; wait', 'hang']
  await expect(runGit(call(hanging, { folder: place, limit: 1500 }))).rejects.toMatchObject({
    code: 'OperationTimedOut',
    message: 'Cannot run git hang: it did not end within 1500 ms',
  })
  const child = Number(await readFile(join(place, 'child'), 'utf8'))
  expect(child).toBeGreaterThan(0)
  expect(await processIdentity(child)).toBeUndefined()
})

test('a machine without git is told so', async () => {
  const env = { PATH: folder, HOME: folder }
  await expect(runGit(call(['version'], { env }))).rejects.toMatchObject({
    code: 'ProgramMissing',
    message: 'Cannot run git version: the program git is not on PATH',
  })
})

describe('what a repository names is not run', () => {
  async function writeTrap(path: string): Promise<void> {
    await writeFile(path, `#!/bin/sh\ntouch ${join(folder, 'trapped')}\ncat\n`)
    await chmod(path, 0o755)
  }

  test('neither a hook nor a file system monitor', async () => {
    const place = makeRepository()
    const trap = join(place, '.git/hooks/post-checkout')
    await mkdir(join(place, '.git/hooks'), { recursive: true })
    await writeTrap(trap)
    await askGit(call(['config', 'core.fsmonitor', trap], { folder: place }))
    const checkout = ['checkout', '-q', '--detach', 'HEAD']
    execFileSync('git', checkout, { cwd: place, env: { PATH: process.env.PATH, HOME: folder } })
    expect(await exists(join(folder, 'trapped'))).toBe(true)
    await rm(join(folder, 'trapped'))
    await askGit(call(checkout, { folder: place }))
    await askGit(call(['status', '--porcelain'], { folder: place }))
    expect(await exists(join(folder, 'trapped'))).toBe(false)
  })

  test('nor an address that is a command', async () => {
    const trap = join(folder, 'trap')
    await writeTrap(trap)
    const answer = await runGit(call(['ls-remote', '--', `ext::${trap}`]))
    expect(answer.complaint).toBe("transport 'ext' not allowed")
    expect(await exists(join(folder, 'trapped'))).toBe(false)
  })
})

test('the variables of the caller lead to no other repository, and no log is written of what is sent', async () => {
  const place = makeRepository()
  const other = makeRepository('other')
  const trace = join(folder, 'trace')
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_DIR: join(other, '.git'),
    GIT_TRACE_CURL: trace,
    GIT_TRACE: trace,
  }
  const top = await askGit(call(['rev-parse', '--show-toplevel'], { folder: place, env }))
  expect(top.trim()).toBe(place)
  expect(await exists(trace)).toBe(false)
})

test('a token is told to git in its environment, for its address alone, and in no argument', async () => {
  const seen = join(folder, 'seen')
  await mkdir(join(folder, 'bin'))
  await writeFile(
    join(folder, 'bin/git'),
    `#!/bin/sh\necho "$@" >${seen}.args\nexec ${execFileSync('which', ['git']).toString().trim()} "$@"\n`,
  )
  await chmod(join(folder, 'bin/git'), 0o755)
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder }
  const token = { url: 'https://git.example/', value: 'secret-token' }
  const basic = Buffer.from('x-access-token:secret-token').toString('base64')
  const told = await askGit(
    call(['config', '--get-urlmatch', 'http.extraHeader', 'https://git.example/a.git'], { env, token }),
  )
  expect(told.trim()).toBe(`Authorization: Basic ${basic}`)
  const elsewhere = await runGit(
    call(['config', '--get-urlmatch', 'http.extraHeader', 'https://git.example.org/a.git'], { env, token }),
  )
  expect(elsewhere.output.toString()).toBe('')
  const args = await readFile(`${seen}.args`, 'utf8')
  expect(args).toContain('--get-urlmatch')
  expect(args).not.toContain('secret-token')
  expect(args).not.toContain(basic)
})
