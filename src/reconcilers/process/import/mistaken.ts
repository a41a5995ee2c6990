import { extname } from 'node:path'
import { readStatically } from './static/module.ts'
import { SourceError } from './static/source-error.ts'

const endings: readonly string[] = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts']

/**
 * Whether a script is a configuration. PM2 knows one by `.config.` in its name, and runs another, such as
 * `ecosystem.backup.cjs`, as a program that does nothing and is online for ever.
 */
export function isConfiguration(script: string): boolean {
  if (!endings.includes(extname(script))) return false
  try {
    const exported = readStatically(script)
    return exported.type === 'map' && exported.entries.get('apps')?.type === 'list'
  } catch (error) {
    if (error instanceof SourceError) return false
    throw error
  }
}
