import { dirname } from 'node:path'
import { type Reference, Secret } from '../core/secret.ts'
import type { SecretMask } from '../core/secret-mask.ts'
import { tokenVariables } from '../core/token-variables.ts'
import type { FleetDraft } from './fleet.ts'
import { describeReference, digestSecret, type SecretResolver } from './secrets.ts'

/** Reads the tokens that the Fleet names, and those of the environment where it names none. */
export async function readTokens(
  fleet: FleetDraft,
  resolver: SecretResolver,
  options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly mask?: SecretMask
    /** Keys the digests of secrets; empty: none is made. */
    readonly secretKey: string
  },
) {
  const folder = fleet.document ? dirname(fleet.document.file.path) : options.cwd
  const readDeclared = async (reference: Reference | undefined): Promise<Secret | undefined> => {
    if (!reference) return undefined
    const resolution = await resolver.read(reference, folder)
    // One that could not be read is another thing than none: it names where to look.
    return resolution.type === 'value' ? resolution.secret : Secret.unread(describeReference(reference))
  }
  const read = async (vendor: 'github' | 'netlify'): Promise<Secret | undefined> => {
    const reference = fleet.spec[vendor]?.token
    if (reference) return readDeclared(reference)
    const variable = tokenVariables[vendor].find((name) => options.env[name])
    const value = variable === undefined ? undefined : options.env[variable]
    if (variable === undefined || value === undefined) return undefined
    options.mask?.add(value)
    return Secret.read(`fromEnv ${variable}`, value, digestSecret(options.secretKey, value))
  }
  const app = fleet.spec.github?.app
  const key = app && (await resolver.read(app.privateKey, folder))
  return {
    // Where an App is named a token of the environment is not meant.
    github: app ? undefined : await read('github'),
    githubApp: app && {
      id: app.id,
      installation: app.installation,
      privateKey: key?.type === 'value' ? key.secret : Secret.unread(key?.message ?? 'its reference'),
    },
    netlify: await read('netlify'),
    git: {
      token: await readDeclared(fleet.spec.git?.token),
      hookSecret: await readDeclared(fleet.spec.git?.webhook?.secret),
    },
  }
}
