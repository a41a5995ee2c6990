import { assertNever } from '../../../core/assert-never.ts'
import { ReconcileError } from '../../../core/errors.ts'
import type { ProcessAction } from '../action.ts'
import { endLost } from './end-lost.ts'
import { removeProcesses } from './remove.ts'
import { reviveProcesses } from './revive.ts'
import { scaleProcess } from './scale.ts'
import { startProcess } from './start.ts'
import { updateProcesses } from './update.ts'
import type { Workshop } from './workshop.ts'

/** Does one action. Each decides again on a fresh list, so that doing it twice is doing it once. */
export async function applyProcessAction(action: ProcessAction, workshop: Workshop): Promise<void> {
  switch (action.type) {
    case 'start':
      return await startProcess(action, workshop)
    case 'restart':
    case 'reload':
    case 'recreate':
      return await updateProcesses(action, action.type, workshop)
    case 'scale-up':
    case 'scale-down':
      return await scaleProcess(action, workshop)
    case 'revive':
    case 'kick':
      return await reviveProcesses(action, workshop)
    case 'end-lost':
      return await endLost(action, workshop)
    case 'stand-down':
    case 'delete':
      return await removeProcesses(action, workshop)
    case 'adopt':
      // It runs as declared: only the inventory learns of it, and that is the engine's.
      return
    case 'resolve':
      throw new ReconcileError('NotOurs', `Could not choose for ${action.name}: ${action.reason}`)
    default:
      return assertNever(action.type)
  }
}
