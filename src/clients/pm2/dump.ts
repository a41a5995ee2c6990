import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The environments of what PM2 starts with the machine, by its dump (`pm2 save`); none where there is no dump. */
export async function readDump(home: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await readFile(join(home, 'dump.pm2'), 'utf8').catch(() => '[]')
  const entries: unknown = parse(text)
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return []
    const env = 'env' in entry && typeof entry.env === 'object' ? entry.env : {}
    return [{ ...entry, ...env }]
  })
}

/** A dump that was cut off is one that PM2 cannot read either. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return []
  }
}
