import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  currentBootId,
  describeProcess,
  isAlive,
  isGroupAlive,
  type ProcessIdentity,
} from '../../../clients/host/process-identity.ts'
import { ReconcileError } from '../../../core/errors.ts'
import { isFields } from '../../../core/fields.ts'
import { checksRoot } from './checks-folder.ts'

/** Who runs a script now. */
export interface ScriptHolder extends ProcessIdentity {
  /** A check, or a person by `reconcile run`. */
  readonly by: 'check' | 'run'
  readonly startedAt: number
}

/** A script of a package, whatever sets and environments it is declared in. */
export interface ScriptOfPackage {
  /** The package's folder. */
  readonly folder: string
  readonly script: string
}

/**
 * Where it is written down who runs which script, beside the state: checks of all environments and `reconcile run` look
 * there, so that a check never runs beside another run of the same script. Each holder has a file of its own and looks
 * for others only after it has written it: of two that come at one moment both see the other.
 */
export class RunningScripts {
  readonly #root: string

  /** `location`: the state file. */
  constructor(location: string) {
    this.#root = join(checksRoot(location), '.running')
  }

  /** Who runs it now. Reads one folder; what was left behind by somebody who is gone does not count. */
  async holders(one: ScriptOfPackage): Promise<readonly ScriptHolder[]> {
    const folder = await this.#folder(one)
    const names = await readdir(folder).catch(() => [])
    const found = await Promise.all(
      names.map(async (name) => {
        const holder = parseHolder(await readFile(join(folder, name), 'utf8').catch(() => ''))
        return holder && (await isUnderWay(holder)) ? [holder] : []
      }),
    )
    return found.flat()
  }

  /**
   * Writes a holder down, and gives how it is struck out. Rejects, with nothing written, where somebody else runs it
   * whom the holder must not run beside: a check beside nobody, a person not beside a check.
   */
  async enter(one: ScriptOfPackage, holder: ScriptHolder): Promise<() => Promise<void>> {
    const folder = await this.#folder(one)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, `${holder.pid}-${holder.startedAt}.json`)
    await writeFile(path, JSON.stringify(holder), { mode: 0o600 })
    const leave = () => rm(path, { force: true })
    const others = (await this.holders(one)).filter(({ pid }) => pid !== holder.pid)
    const other = holder.by === 'check' ? others[0] : others.find(({ by }) => by === 'check')
    if (!other) return leave
    await leave()
    throw underWay(one.script, other)
  }

  async #folder({ folder, script }: ScriptOfPackage): Promise<string> {
    const real = await realpath(folder).catch(() => folder)
    return join(this.#root, createHash('sha256').update(`${real}\0${script}`).digest('hex').slice(0, 24))
  }
}

/** Nothing was run, because somebody else runs it. */
export function underWay(script: string, { pid }: ProcessIdentity): ReconcileError {
  return new ReconcileError('RemoteChanged', `Did not run ${script}: a run of it is under way (pid ${pid})`)
}

/** Whether anything of a run lives: its leader, or what it left in its group. */
export async function isUnderWay(run: ProcessIdentity): Promise<boolean> {
  if (run.bootId !== (await currentBootId())) return false
  if (await isAlive(run)) return true
  // A living process of that pid is another one, and so is its group; without one the number was not given away.
  return !(await describeProcess(run.pid)) && (await isGroupAlive(run.pid))
}

function parseHolder(text: string): ScriptHolder | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isFields(value)) return undefined
  const { pid, startTime, bootId, by, startedAt } = value
  const isWhole =
    typeof pid === 'number' &&
    typeof startTime === 'string' &&
    typeof bootId === 'string' &&
    typeof startedAt === 'number' &&
    (by === 'check' || by === 'run')
  return isWhole ? { pid, startTime, bootId, by, startedAt } : undefined
}
