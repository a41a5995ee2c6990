import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import { fingerprintOf } from '../../engine/basis.ts'
import { parseSavedPlan, type SavedPlan } from '../../reports/saved-plan.ts'

/**
 * Writes a plan whole or not at all, for its owner alone. It takes the place of a plan that was saved before, and of no
 * other file.
 */
export async function writeSavedPlan(path: string, plan: SavedPlan): Promise<void> {
  const replaces = await isReplaceable(path)
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(plan, undefined, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    // A link fails where somebody has made another file of that name meanwhile; a rename would take its place.
    if (replaces) await rename(temporary, path)
    else await link(temporary, path)
  } catch (error) {
    throw unwritable(path, messageOf(error), error)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Whether a saved plan is there; rejects where something else is. */
async function isReplaceable(path: string): Promise<boolean> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw unwritable(path, messageOf(error), error)
  }
  if (parseSavedPlan(text)) return true
  throw unwritable(path, 'it is there, and is no saved plan')
}

function unwritable(path: string, why: string, cause?: unknown): ReconcileError {
  return new ReconcileError('FileNotEditable', `Cannot save the plan as ${path}: ${why}`, {
    hint: 'Name another file with --out.',
    ...(cause !== undefined && { cause }),
  })
}

export async function readSavedPlan(path: string): Promise<SavedPlan> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new ReconcileError('UsageInvalid', `Cannot read the plan ${path}: ${messageOf(error)}`, {
      hint: 'Save one with `reconcile plan --out FILE`.',
      cause: error,
    })
  }
  const plan = parseSavedPlan(text)
  if (!plan) {
    throw new ReconcileError('UsageInvalid', `Cannot apply ${path}: it is no saved plan`, {
      hint: 'Save one with `reconcile plan --out FILE`; what `-o json` prints cannot be applied.',
    })
  }
  if (fingerprintOf(Object.entries(plan.saved.basis)) !== plan.fingerprint) {
    throw new ReconcileError('UsageInvalid', `Cannot apply ${path}: it was edited or damaged`, {
      hint: 'Save a new one with `reconcile plan --out FILE`.',
    })
  }
  return plan
}
