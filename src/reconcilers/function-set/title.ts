import type { ResourceId } from '../../core/resource.ts'

/** The beginning of the titles of our deploys. */
const titleMark = 'reconciled'

/** Whose a deploy is. */
export interface DeployOwner {
  readonly id: ResourceId
  readonly fleet: string
  /** Empty: the base, no environment. */
  readonly environment: string
  readonly store: string
}

/** What stands for all that a deploy holds. */
export interface DeployHolds {
  readonly functions: string
  readonly files: string
  /** The variables that we set on the site before it; empty: none were. */
  readonly env: string
}

/** What the title of a deploy of this program says. */
export interface DeployTitle extends DeployOwner, DeployHolds {}

/**
 * The title of a deploy: whose it is, and what stands for all that it holds. A deploy whose answer was lost is found
 * again by it, whoever lost it, and a deploy of another fleet is never taken for ours.
 */
export function titleOf({ id, fleet, environment, store }: DeployOwner, holds: DeployHolds): string {
  const owner = [fleet, environment, store].map(encodeURIComponent).join('/')
  return [titleMark, id, owner, holds.functions, holds.files, holds.env || '-'].join(' ')
}

/** Reads a title; undefined: this program did not make the deploy. */
export function parseTitle(title: string): DeployTitle | undefined {
  const [mark, id, owner, functions, files, env, ...rest] = title.split(' ')
  if (mark !== titleMark || !id?.startsWith('FunctionSet/') || !functions || !files || !env) return undefined
  const [fleet, environment, store, ...more] = (owner ?? '').split('/').map(decoded)
  if (rest.length > 0 || more.length > 0 || !fleet || environment === undefined || !store) return undefined
  return { id: id as ResourceId, fleet, environment, store, functions, files, env: env === '-' ? '' : env }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Whether a deploy is of this resource, whichever store of the fleet it was made from: stores get lost. */
export function isOwnTitle(title: string, owner: DeployOwner): boolean {
  const found = parseTitle(title)
  return found !== undefined && isSameResource(found, owner)
}

/** Whether a deploy is of this resource, and was made from this very store. */
export function isOfStore(title: string, owner: DeployOwner): boolean {
  return isOwnTitle(title, owner) && parseTitle(title)?.store === owner.store
}

/** Whether two deploys of one resource hold the same. */
export function isSameDeploy(title: string, other: string): boolean {
  const [a, b] = [parseTitle(title), parseTitle(other)]
  if (!a || !b || !isSameResource(a, b)) return false
  return a.functions === b.functions && a.files === b.files && a.env === b.env
}

function isSameResource(a: DeployOwner, b: DeployOwner): boolean {
  return a.id === b.id && a.fleet === b.fleet && a.environment === b.environment
}

/** A deploy of somebody else, as it is told of. */
export function foreignDeploy({ id, title }: { readonly id: string; readonly title: string }): string {
  return `deploy ${id} was made by somebody else (${title === '' ? 'without a title' : `"${title}"`})`
}

/** Longest list of names in a message. */
const mostNames = 5

/** Names of functions in a sentence. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).join(', ')
  const word = names.length === 1 ? 'function' : 'functions'
  return names.length > mostNames
    ? `${word} ${shown} and ${names.length - mostNames} more`
    : `${word} ${shown}`
}
