import type { NetlifyClient } from '../../clients/netlify/client.ts'
import { contextsToSet } from '../../clients/netlify/env-write.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { FunctionSetAction } from './action.ts'
import { digestOf, generationOf, textOf } from './env.ts'
import type { Memories } from './memory.ts'

/** What is to be set is remembered first: whatever happens after, a deploy with it follows. */
export async function writeEnv(
  { netlify, memories }: { readonly netlify: NetlifyClient; readonly memories: Memories },
  action: FunctionSetAction,
  signal: AbortSignal,
): Promise<void> {
  const site = await netlify.findSite(action.site, signal)
  if (!site) throw new ReconcileError('RemoteChanged', `Could not ${action.summary}: the site is gone`)
  const declared = action.desired?.spec.env ?? {}
  const { env: before } = await memories.site(site.id)
  const wanted = { ...before }
  for (const { key } of action.variables) {
    const value = declared[key]
    if (value === undefined) delete wanted[key]
    else wanted[key] = digestOf(value)
  }
  const envGeneration = generationOf(wanted)
  await memories.keepSite(site.id, {
    isEnvPending: true,
    envGeneration,
    envSetOn: site.publishedId,
    envBuild: undefined,
  })
  const there = new Map((await netlify.listEnv(site, signal)).map((one) => [one.key, one]))
  for (const { key, state, isSecret } of action.variables) {
    const value = declared[key]
    const found = there.get(key)
    const { env, envContexts } = await memories.site(site.id)
    const ours = envContexts[key] ?? []
    if (state === 'undeclared' || value === undefined) {
      if (found) await netlify.deleteEnv(site, { there: found, contexts: ours }, signal)
      const { [key]: _, ...rest } = env
      const { [key]: __, ...restOfContexts } = envContexts
      await memories.keepSite(site.id, { env: rest, envContexts: restOfContexts })
      continue
    }
    const contexts = [...new Set([...ours, ...contextsToSet({ isSecret, there: found })])].sort()
    const kept = { envContexts: { ...envContexts, [key]: contexts } }
    // Where there is none it is ours, even if the answer is lost.
    if (!found) await memories.keepSite(site.id, kept)
    await netlify.setEnv(site, { key, value: textOf(value), isSecret, there: found }, signal)
    await memories.keepSite(site.id, { ...kept, env: { ...env, [key]: digestOf(value) } })
  }
}
