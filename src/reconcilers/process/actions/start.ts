import type { ProcessAction } from '../action.ts'
import { wantedInstances } from '../instances.ts'
import { createInstances, desiredOf, makingOf, recordsOf, type Workshop } from './workshop.ts'

/** Creates a process, or registers a cron job, with as many instances as are missing. */
export async function startProcess(action: ProcessAction, workshop: Workshop): Promise<void> {
  const making = await makingOf(action, workshop)
  await workshop.keeper.ensureDaemon(workshop.signal)
  // The daemon may have come up since it was decided, with a `pm2 resurrect`.
  const listed = await workshop.keeper.whenReturned(action.name, workshop.signal)
  const present = await recordsOf(action, listed)
  await workshop.keeper.endUnknown(action.name, { listed, signal: workshop.signal })
  const wanted = wantedInstances(desiredOf(action), workshop.processors, false) ?? 1
  const missing = wanted - present.length
  await createInstances(making, missing, workshop)
}
