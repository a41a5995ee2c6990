import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeProcess, isAlive, type ProcessIdentity, processIdentity } from './process-identity.ts'

/**
 * An exclusive claim that a dead holder loses at once. Its folder holds numbered files; the highest number is the
 * holder. Who wants the claim of a dead holder makes the next number, which `link` gives to exactly one. The highest
 * file is never removed, only marked as released: so a slow contender that makes a number which was in use and
 * removed before still sees that it came too late.
 */
export interface Claim {
  readonly holder: Holder
  /** Gives it up; a second call does nothing. */
  release(): Promise<void>
}

/** Who has a claim. */
export interface Holder extends ProcessIdentity {
  /** For whom, such as the fleet's name. */
  readonly purpose: string
}

export type ClaimResult =
  | { readonly type: 'claimed'; readonly claim: Claim }
  | { readonly type: 'taken'; readonly holder: Holder }

interface Entry {
  readonly generation: number
  /** Undefined: released, or damaged. A damaged one is of no living holder, because only whole files are linked. */
  readonly holder: Holder | undefined
}

/** Each round that is lost was won by somebody else; so many in a row do not happen. */
const mostRounds = 100

const numbered = /^\d{1,15}$/
const temporary = /^\.(\d+)-/

async function readNames(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function generationsOf(names: readonly string[]): readonly number[] {
  return names.filter((name) => numbered.test(name)).map(Number)
}

function parseHolder(text: string): Holder | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { pid, startTime, bootId, purpose } = value as Partial<Record<keyof Holder, unknown>>
  if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof bootId !== 'string') return undefined
  return { pid, startTime, bootId, purpose: typeof purpose === 'string' ? purpose : '' }
}

async function newest(folder: string): Promise<Entry | undefined> {
  for (let round = 0; round < mostRounds; round += 1) {
    const generations = generationsOf(await readNames(folder))
    if (generations.length === 0) return undefined
    const generation = Math.max(...generations)
    try {
      return { generation, holder: parseHolder(await readFile(join(folder, String(generation)), 'utf8')) }
    } catch (error) {
      // A higher one came and this one was cleared away between the two reads.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new Error(`The claims in ${folder} change too fast to be read`)
}

async function clear(folder: string, below: number): Promise<void> {
  for (const name of await readNames(folder)) {
    const writer = temporary.exec(name)?.[1]
    const isOld = numbered.test(name) && Number(name) < below
    const isAbandoned = writer !== undefined && (await describeProcess(Number(writer))) === undefined
    if (isOld || isAbandoned) await rm(join(folder, name), { force: true })
  }
}

async function writeTemporary(folder: string, content: unknown): Promise<string> {
  const path = join(folder, `.${process.pid}-${randomUUID()}`)
  await writeFile(path, JSON.stringify(content), { mode: 0o600, flag: 'wx' })
  return path
}

async function linkOnce(folder: string, generation: number, holder: Holder): Promise<boolean> {
  const path = await writeTemporary(folder, holder)
  try {
    await link(path, join(folder, String(generation)))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await unlink(path)
  }
}

function claimOf(folder: string, generation: number, holder: Holder): Claim {
  let isReleased = false
  return {
    holder,
    async release() {
      if (isReleased) return
      isReleased = true
      await rename(await writeTemporary(folder, { released: true }), join(folder, String(generation)))
    },
  }
}

/** Takes the claim if nobody alive holds it; never waits. */
export async function tryClaim(folder: string, purpose: string): Promise<ClaimResult> {
  const identity = await processIdentity(process.pid)
  if (!identity) throw new Error('The operating system does not describe our own process')
  const holder: Holder = { ...identity, purpose }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (let round = 0; round < mostRounds; round += 1) {
    const top = await newest(folder)
    if (top?.holder && (await isAlive(top.holder))) return { type: 'taken', holder: top.holder }
    const generation = (top?.generation ?? 0) + 1
    if (!(await linkOnce(folder, generation, holder))) continue
    if (Math.max(...generationsOf(await readNames(folder))) > generation) {
      await unlink(join(folder, String(generation)))
      continue
    }
    await clear(folder, generation)
    return { type: 'claimed', claim: claimOf(folder, generation, holder) }
  }
  throw new Error(`The claims in ${folder} change too fast to be taken`)
}

/** Who holds the claim and lives; undefined where nobody does. Writes nothing. */
export async function claimHolder(folder: string): Promise<Holder | undefined> {
  const holder = (await newest(folder))?.holder
  return holder && (await isAlive(holder)) ? holder : undefined
}
