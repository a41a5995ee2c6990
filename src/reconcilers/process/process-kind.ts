import type { ProcessSpec } from './spec.generated.ts'

/** A daemon keeps running, a cron job runs when its cron fires, a one-shot runs once. */
export type ProcessKind = 'daemon' | 'cron-job' | 'one-shot'

/** Which of the three a spec describes. */
export function processKindOf(spec: Pick<ProcessSpec, 'autorestart' | 'cron'>): ProcessKind {
  if (spec.autorestart !== false) return 'daemon'
  return spec.cron === undefined ? 'one-shot' : 'cron-job'
}
