import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * The project that a directory of functions belongs to: the nearest folder above it with a netlify.toml, else with a
 * package.json, else its parent. Paths in bundled code are relative to it, as Netlify's own tools have them; a git
 * work tree is not left.
 */
export async function projectRootOf(directory: string): Promise<string> {
  let withPackage: string | undefined
  for (let folder = dirname(directory); ; folder = dirname(folder)) {
    if (await exists(join(folder, 'netlify.toml'))) return folder
    if (withPackage === undefined && (await exists(join(folder, 'package.json')))) withPackage = folder
    if (dirname(folder) === folder || (await exists(join(folder, '.git')))) break
  }
  return withPackage ?? dirname(directory)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
