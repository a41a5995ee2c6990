import { realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Diagnostic } from '../core/diagnostic.ts'
import type { AnyReconciler, Bounds } from '../core/reconciler.ts'
import { kindOf, nameOf, type ResourceId, resourceId } from '../core/resource.ts'
import type { SecretMask } from '../core/secret-mask.ts'
import { looksLikeSecret, looksLikeToken, namesSecret, tokensIn } from '../core/token-shape.ts'
import type { Draft } from './draft.ts'
import type { Layered } from './environment.ts'
import { printable, quote } from './excerpt.ts'
import { faultAt } from './fault.ts'
import { Faults } from './faults.ts'
import { isInside, type Roots } from './fleet-root.ts'
import { fieldsIn, isSecretPlace, schemaAt, takesReference } from './schema-walk.ts'
import { isReference } from './secrets.ts'
import { positionAt } from './source-file.ts'
import { suggest, suggestId } from './suggest.ts'
import { childOf, formatPath, parsePointer, type Tree, treeValue } from './tree.ts'

type Link = 'dependsOn' | 'fallback'
const links: readonly Link[] = ['dependsOn', 'fallback']

/** What else is known beside the drafts when links are judged. */
export interface Surroundings {
  readonly reconcilers: ReadonlyMap<string, AnyReconciler>
  /** Ids that broken files declare: a link to one is not a link to nothing. */
  readonly broken: ReadonlySet<ResourceId>
  /** Whether all manifests were read, so that what is not among them does not exist. */
  readonly isWhole: boolean
}

/** Two documents of one id: the later one is told, and names the place of the first. */
export function findDuplicates(documents: readonly Layered[]): readonly Diagnostic[] {
  const first = new Map<string, Layered>()
  return documents.flatMap((document) => {
    const key = document.kind === 'Fleet' ? 'Fleet' : document.id
    const earlier = first.get(key)
    if (!earlier) {
      first.set(key, document)
      return []
    }
    const { file, line } = positionAt(earlier.file, earlier.head.start)
    return document.kind === 'Fleet'
      ? faultAt(document.head, {
          code: 'duplicate-fleet',
          message: `There is a second Fleet: the first is in ${file}:${line}`,
          hint: 'Keep one.',
        })
      : faultAt(document.head, {
          code: 'duplicate-id',
          message: `${document.id} is declared twice: first in ${file}:${line}`,
          hint: 'Rename or remove one of them.',
        })
  })
}

/** Finds resources that wait for each other. Faults are added to the drafts that hold them. */
export function checkCircles(drafts: readonly Draft[]): void {
  const byId = new Map(drafts.map((draft) => [draft.resource.id, draft]))
  checkFallbackDependencies(drafts, byId)
  checkCycles(drafts, byId)
}

/** Judges the links of one document, valid or not: a misspelt name is told beside its other faults. */
export function checkTargets(
  document: Layered,
  known: ReadonlySet<ResourceId>,
  surroundings: Surroundings,
): readonly Diagnostic[] {
  const { reconcilers, broken, isWhole } = surroundings
  const faults = new Faults(document.root)
  const spec = childOf(document.root, 'spec')
  const told = new Set<ResourceId>()
  for (const link of links) {
    const list = childOf(spec, link)
    for (const [index, item] of (list?.type === 'list' ? list.items : []).entries()) {
      const value = item.type === 'scalar' ? item.value : undefined
      if (typeof value !== 'string' || !value.includes('/')) continue
      const id = resourceId(value.slice(0, value.indexOf('/')), value.slice(value.indexOf('/') + 1))
      const path = ['spec', link, String(index)]
      if (!known.has(id) && !broken.has(id)) {
        if (told.has(id)) continue
        told.add(id)
        const meant = suggestId(
          id,
          [...known].filter((other) => nameOf(other) !== '' && other !== document.id),
        )
        faults.add(path, {
          code: isWhole ? 'unknown-reference' : 'reference-not-read',
          message: `${printable(id)} is not ${isWhole ? 'declared' : 'in the files that were named'}, and ${document.id} names it in \`${link}\``,
          hint: meant ? `Did you mean ${meant}?` : undefined,
        })
      } else if (link === 'fallback' && reconcilers.get(kindOf(id))?.canBeFallback === false) {
        faults.add(path, {
          code: 'fallback-kind',
          message: `A ${kindOf(id)} cannot be a fallback, and ${document.id} names ${id}`,
          hint: 'Name a resource that can stand by without running.',
        })
      }
    }
  }
  return faults.diagnostics
}

/** A fallback that waits for its primary, through however many others, could never take over. */
function checkFallbackDependencies(drafts: readonly Draft[], byId: ReadonlyMap<ResourceId, Draft>): void {
  for (const draft of drafts) {
    for (const [index, fallback] of draft.resource.controls.fallback.entries()) {
      const way = wayTo(fallback, draft.resource.id, byId)
      if (!way || fallback === draft.resource.id) continue
      draft.faults.add(['spec', 'fallback', String(index)], {
        code: 'fallback-depends-on-primary',
        message: `${fallback} stands in for ${draft.resource.id} and depends on it: ${way.join(' -> ')}`,
        hint: `Remove the dependency of ${fallback}.`,
      })
    }
  }
}

/** The shortest way from one resource to another by `dependsOn`; undefined: there is none. */
function wayTo(
  from: ResourceId,
  to: ResourceId,
  byId: ReadonlyMap<ResourceId, Draft>,
): readonly ResourceId[] | undefined {
  const before = new Map<ResourceId, ResourceId | undefined>([[from, undefined]])
  for (const id of before.keys()) {
    if (id === to) {
      const way: ResourceId[] = []
      for (let at: ResourceId | undefined = id; at !== undefined; at = before.get(at)) way.unshift(at)
      return way
    }
    for (const next of byId.get(id)?.resource.controls.dependsOn ?? [])
      if (!before.has(next)) before.set(next, id)
  }
  return undefined
}

/** Each cycle once, at the link that closes it. Depth first without recursion: a chain may be long. */
function checkCycles(drafts: readonly Draft[], byId: ReadonlyMap<ResourceId, Draft>): void {
  const done = new Set<ResourceId>()
  for (const start of drafts) {
    const trail: {
      readonly draft: Draft
      readonly steps: Iterator<{ link: Link; index: number; id: ResourceId }>
    }[] = []
    const onTrail = new Set<ResourceId>()
    const enter = (draft: Draft) => {
      trail.push({ draft, steps: stepsOf(draft) })
      onTrail.add(draft.resource.id)
    }
    if (!done.has(start.resource.id)) enter(start)
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const step = top.steps.next()
      if (step.done) {
        trail.pop()
        onTrail.delete(top.draft.resource.id)
        done.add(top.draft.resource.id)
        continue
      }
      const { link, index, id } = step.value
      const next = byId.get(id)
      if (onTrail.has(id)) {
        const ids = trail.map((frame) => frame.draft.resource.id)
        const cycle = [...ids.slice(ids.indexOf(id)), id]
        // Told above in words of its own.
        if (cycle.length > 2 && isFallbackLoop(cycle, byId)) continue
        top.draft.faults.add(['spec', link, String(index)], {
          code: 'reference-cycle',
          message: `Resources wait for each other in a circle: ${cycle.join(' -> ')}`,
          hint: 'Remove one of these links.',
        })
      } else if (next && !done.has(id)) enter(next)
    }
  }
}

function isFallbackLoop(cycle: readonly ResourceId[], byId: ReadonlyMap<ResourceId, Draft>): boolean {
  const isFallback = (from: ResourceId, to: ResourceId) => {
    const controls = byId.get(from)?.resource.controls
    return controls?.fallback.includes(to) === true && !controls.dependsOn.includes(to)
  }
  const pairs = cycle.slice(1).map((to, index) => [cycle[index] ?? to, to] as const)
  return pairs.filter(([from, to]) => isFallback(from, to)).length === 1
}

function* stepsOf({ resource }: Draft): Generator<{ link: Link; index: number; id: ResourceId }> {
  for (const link of links)
    for (const [index, id] of resource.controls[link].entries()) yield { link, index, id }
}

/** Two resources that stand for one thing outside: the later one is told. */
export function checkExternalNames(drafts: readonly Draft[], reconcilers: Surroundings['reconcilers']): void {
  const first = new Map<string, Draft>()
  for (const draft of drafts) {
    const reconciler = reconcilers.get(draft.resource.kind)
    if (!reconciler) continue
    const name = reconciler.externalName(draft.resource)
    const key = JSON.stringify([draft.resource.kind, name])
    const earlier = first.get(key)
    if (!earlier) {
      first.set(key, draft)
      continue
    }
    const { file, line } = positionAt(earlier.document.file, earlier.document.head.start)
    draft.faults.diagnostics.push(
      faultAt(draft.document.head, {
        code: 'duplicate-name',
        message: `${draft.resource.id} stands for the same ${quote(name)} as ${earlier.resource.id} in ${file}:${line}`,
        hint: 'Give one of them another `spec.name`, or remove it.',
      }),
    )
  }
}

/** What the schema cannot say of one resource's common fields. `now` is epoch milliseconds. */
export function checkControls({ resource, faults }: Draft, now: number): void {
  const { suspend, ignore } = resource.controls
  if (suspend?.until !== undefined && suspend.until <= now) {
    faults.add(['spec', 'suspend', 'until'], {
      code: 'suspend-past',
      message: `${resource.id} is not suspended: \`until\` lies in the past`,
      hint: 'Remove `suspend`, or give a later time.',
    })
  }
  for (const [index, pointer] of ignore.entries()) {
    const path = parsePointer(pointer)
    if (schemaAt(resource.kind, ['spec', ...path]).length > 0) continue
    const isDocumentPointer = path[0] === 'spec' && schemaAt(resource.kind, path).length > 0
    const meant = suggest(path[0] ?? '', fieldsIn(schemaAt(resource.kind, ['spec'])))
    faults.add(['spec', 'ignore', String(index)], {
      code: 'ignore-unknown-field',
      message: `The pointer ${quote(pointer)} names no field of a ${resource.kind}`,
      hint: isDocumentPointer
        ? `A pointer starts in \`spec\`: write ${quote(pointer.slice('/spec'.length))}.`
        : meant
          ? `Did you mean \`/${[meant, ...path.slice(1)].join('/')}\`?`
          : undefined,
    })
  }
}

/** Warns of secrets in the manifest itself. The value is never repeated, also where it stands elsewhere as well. */
export function checkLiterals(document: Layered, faults: Draft['faults'], mask?: SecretMask): void {
  for (const { path, secrets } of literalSecretsOf(document)) {
    for (const secret of secrets) mask?.add(secret)
    faults.add(path, {
      code: 'literal-secret',
      message: `\`${formatPath(path)}\` holds what looks like a secret`,
      hint: 'Use a reference such as { fromEnv: NAME }, and revoke the secret if it was committed.',
    })
  }
}

interface LiteralSecret {
  readonly path: readonly string[]
  /** What of the text must not be shown. */
  readonly secrets: readonly string[]
}

/** By the tree, which stays the same where the text does: a controller reads a thousand manifests for each one saved. */
const knownLiterals = new WeakMap<Tree, readonly LiteralSecret[]>()

function literalSecretsOf({ root, kind }: Layered): readonly LiteralSecret[] {
  const known = knownLiterals.get(root)
  if (known) return known
  const found: LiteralSecret[] = []
  const walk = (tree: Tree, path: readonly string[]) => {
    if (tree.type === 'map') for (const [key, entry] of tree.entries) walk(entry.value, [...path, key])
    else if (tree.type === 'list')
      for (const [index, item] of tree.items.entries()) walk(item, [...path, `${index}`])
    else if (typeof tree.value === 'string' && !tree.encrypted && isLiteralSecret(kind, path, tree.value)) {
      const whole = namesSecret(nameOfLiteral(path)) ? [tree.value] : []
      found.push({ path, secrets: [...tokensIn(tree.value), ...whole] })
    }
  }
  walk(root, [])
  knownLiterals.set(root, found)
  return found
}

/** What the value is called: a `default` by its variable. */
function nameOfLiteral(path: readonly string[]): string {
  return (path.at(-1) === 'default' ? path.at(-2) : path.at(-1)) ?? ''
}

function isLiteralSecret(kind: string, path: readonly string[], text: string): boolean {
  if (path.at(-1)?.startsWith('from')) return false
  if (isSecretPlace(kind, path)) return looksLikeSecret(nameOfLiteral(path), text)
  return looksLikeToken(text)
}

/** A `fromFile` that leads out of the roots is an error, whether or not its file exists. */
export async function checkReferenceFiles(
  document: Layered,
  roots: Roots,
  faults: Draft['faults'],
): Promise<void> {
  const folder = dirname(document.file.path)
  const found: { readonly path: readonly string[]; readonly file: string }[] = []
  const walk = (tree: Tree, path: readonly string[]) => {
    const value = tree.type === 'map' && tree.entries.has('fromFile') ? treeValue(tree) : undefined
    if (isReference(value) && 'fromFile' in value && takesReference(schemaAt(document.kind, path))) {
      found.push({ path: [...path, 'fromFile'], file: resolve(folder, value.fromFile) })
    } else if (tree.type === 'map') for (const [key, entry] of tree.entries) walk(entry.value, [...path, key])
    else if (tree.type === 'list')
      for (const [index, item] of tree.items.entries()) walk(item, [...path, `${index}`])
  }
  walk(document.root, [])
  for (const { path, file } of found) {
    if (isInside(await realPlace(file), roots)) continue
    faults.add(path, {
      code: 'reference-outside-root',
      message: `\`${formatPath(path)}\` leads out of the fleet root`,
      hint: 'Move the file inside, or allow its folder in the Fleet and by `--allow-path`.',
    })
  }
}

/**
 * A file or folder that is read into actions, and leads out of the roots once links are resolved. Resolves to whether
 * there is none: what lies there is not looked at, so that nothing of it is told.
 */
export async function checkContainedPaths(
  document: Layered,
  roots: Roots,
  faults: Draft['faults'],
): Promise<boolean> {
  const spec = childOf(document.root, 'spec')
  if (spec?.type !== 'map') return true
  let areAllInside = true
  for (const [name, { value }] of spec.entries) {
    const isContained = schemaAt(document.kind, ['spec', name]).some(
      ({ schema }) => schema['x-contained'] === true,
    )
    if (!isContained || value.type !== 'scalar' || typeof value.value !== 'string') continue
    if (await boundsOf(roots).contain(resolve(dirname(document.file.path), value.value))) continue
    areAllInside = false
    faults.add(['spec', name], {
      code: 'path-outside-root',
      message: `\`${name}\` leads out of the fleet root`,
      hint: 'Move it inside, or allow its folder in the Fleet and by `--allow-path`.',
    })
  }
  return areAllInside
}

/** The roots, as domains may ask for them. */
export function boundsOf(roots: Roots): Bounds {
  return { contain: async (path) => isInside(await realPlace(path), roots) }
}

/** A path with its links resolved as far as it exists. */
async function realPlace(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined)
  if (real !== undefined || dirname(path) === path) return real ?? path
  return resolve(await realPlace(dirname(path)), path.slice(dirname(path).length).replace(/^\/+/, ''))
}
