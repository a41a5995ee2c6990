import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'

/** Where the runs of checks are remembered: beside the state, one folder a resource and environment. */
export function checksFolder(
  context: {
    readonly store: { readonly location: string }
    readonly fleet: { readonly environment: string | undefined }
  },
  name: string,
): string {
  const { environment } = context.fleet
  const folder = environment === undefined ? name : `${name}@${environment}`
  return join(checksRoot(context.store.location), folder)
}

/** The folder of all of them, by the state file. */
export function checksRoot(location: string): string {
  return join(dirname(location), `${basename(location, '.db')}.checks`)
}

/** A script's name as a part of a path: readable, of bounded length, and never the same for two scripts. */
export function fileNameOf(script: string): string {
  const readable = script.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 60)
  return `${readable}-${createHash('sha256').update(script).digest('hex').slice(0, 10)}`
}
