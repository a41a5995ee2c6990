/** The ids of the processes that an answer of PM2 is about. */
export function idsOf(answer: readonly unknown[]): readonly number[] {
  const entries = Array.isArray(answer[0]) ? answer[0] : []
  return entries.map((entry) => parseRecordId(entry)).filter((id) => id !== undefined)
}

function parseRecordId(entry: unknown): number | undefined {
  if (typeof entry !== 'object' || entry === null || !('pm2_env' in entry)) return undefined
  const env = entry.pm2_env
  if (typeof env !== 'object' || env === null || !('pm_id' in env)) return undefined
  return typeof env.pm_id === 'number' ? env.pm_id : undefined
}
