import type { ProcessAction } from '../action.ts'
import type { Workshop } from './workshop.ts'

/** Ends the copies that run beside what PM2 lists, as far as PM2 still does not know them. */
export async function endLost(action: ProcessAction, { pm2, keeper, signal }: Workshop): Promise<void> {
  await keeper.endUnknown(action.name, { listed: await pm2.list(signal), signal })
}
