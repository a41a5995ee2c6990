import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'

const writableByOthers = 0o022
const sticky = 0o1000

/**
 * Where Node may keep code that it compiled: a folder that nobody but us and root can change or replace, made where it is
 * not there; undefined: there is none. Who can write there can make us run what he likes, so that Node's own choice, in
 * the folder of everybody's temporary files, would not do.
 */
export function ownCacheFolder({
  XDG_CACHE_HOME,
  HOME,
}: Readonly<Record<string, string | undefined>>): string | undefined {
  const home = [XDG_CACHE_HOME, HOME && join(HOME, '.cache')].find((path) => path && isAbsolute(path))
  if (!home || process.geteuid === undefined) return undefined
  const folder = join(home, 'reconciled', 'code')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const real = realpathSync(folder)
    return isOurs(real, process.geteuid()) ? real : undefined
  } catch {
    // Read-only, full, or not ours: it starts without.
    return undefined
  }
}

function isOurs(folder: string, us: number): boolean {
  if (lstatSync(folder).uid !== us) return false
  for (let at = folder; ; at = dirname(at)) {
    const { uid, mode } = lstatSync(at)
    if (uid !== us && uid !== 0) return false
    // In a folder with the sticky bit others may add, and not replace what is not theirs.
    if ((mode & writableByOthers) !== 0 && (mode & sticky) === 0) return false
    if (at === dirname(at)) return true
  }
}
